//! Proposes groups by habit alone: accounts that work as much as each other, with the same parameters and answers of the
//! same length. The only side that needs no text, no address and no account table.
//!
//! A habit is a cell of a grid, as in scan statistics (Kulldorff 1997), laid at two widths and shifted by half a cell, so
//! that no group falls between cells. A large campaign makes its own cell popular, so popularity says nothing here and
//! the cell as a whole is tested by families that had no part in it.

use crate::evidence::features::{AccountEvidence, BAR};
use crate::search::links::World;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Settings of this stage.
#[derive(Debug, Clone, Serialize)]
pub struct ProfileSettings {
    /// Widths of a cell in ln(requests); 0.35 is a ratio of 1.4.
    pub volume_widths: [f64; 2],
    /// Width of a cell in mean ln(1 + output tokens).
    pub output_width: f64,
    /// Share of an account's requests that one set of parameters has to cover to be its own.
    pub dominant: f64,
    /// Share of an account's requests from which one set of parameters is part of its habit, whatever else it does.
    pub part: f64,
    /// Share of requests outside conversations from which an account works in single turns.
    pub single_turn: f64,
    /// Fewest entities of a cell.
    pub least_entities: usize,
    /// Largest share of all entities in one cell: a habit of most says nothing.
    pub most_share: f64,
}

impl Default for ProfileSettings {
    fn default() -> Self {
        Self {
            volume_widths: [0.35, 0.7],
            output_width: 0.5,
            dominant: 0.6,
            part: 0.2,
            single_turn: 0.75,
            least_entities: 5,
            most_share: 0.5,
        }
    }
}

/// Scale of cells of any volume.
const ANY_VOLUME: usize = usize::MAX;

/// Requests of an account by temperature and limit of the answer, of those that set both: what else is set is often the
/// account's software's doing.
fn by_temperature_and_limit(account: &AccountEvidence) -> BTreeMap<(&str, &str), u32> {
    let mut sent = BTreeMap::new();
    for (parameters, of) in &account.parameters {
        let mut parts = parameters.split(BAR);
        let both = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
        if !both.0.is_empty() && !both.1.is_empty() {
            *sent.entry(both).or_default() += of.count;
        }
    }
    sent
}

fn dominant_parameters(account: &AccountEvidence, share: f64) -> &str {
    let most = account.parameters.iter().max_by(|a, b| a.1.count.cmp(&b.1.count).then_with(|| b.0.cmp(&a.0)));
    most.filter(|(_, sent)| f64::from(sent.count) >= share * account.requests as f64).map_or("mixed", |(p, _)| p)
}

/// Accounts of each cell, rising, each set of accounts once, in order. `accounts`, their requests outside conversations and
/// whether each was opened or closed inside the log are in the order of `world.names`: how much an account did that was closed
/// early or opened late is no habit of its owner, so that such accounts have cells of any volume besides.
pub fn propose_profiles(
    world: &World,
    accounts: &[&AccountEvidence],
    lone_requests: &[u64],
    opened_or_closed: &[bool],
    settings: &ProfileSettings,
) -> Vec<Vec<u32>> {
    let mut of_setting: BTreeMap<((&str, &str), bool), Vec<u32>> = BTreeMap::new();
    let mut cells: BTreeMap<(&str, bool, usize, i64, i64), Vec<u32>> = BTreeMap::new();
    for (((id, account), lone), opened_or_closed) in (0u32..).zip(accounts).zip(lone_requests).zip(opened_or_closed) {
        let parameters = dominant_parameters(account, settings.dominant);
        let single = *lone as f64 >= settings.single_turn * account.requests as f64;
        let volume = libm::log(account.requests as f64);
        let output = account.ln_output as f64 / 1e6 / account.requests as f64;
        let places = |value: f64, width: f64| [(value / width).floor(), (value / width + 0.5).floor() + 0.5];
        if *opened_or_closed && parameters != "mixed" {
            for o in places(output, settings.output_width) {
                cells.entry((parameters, single, ANY_VOLUME, 0, (2.0 * o) as i64)).or_default().push(id);
            }
        }
        for (setting, sent) in by_temperature_and_limit(account) {
            if f64::from(sent) >= settings.part * account.requests as f64 {
                of_setting.entry((setting, single)).or_default().push(id);
            }
        }
        for (scale, width) in settings.volume_widths.iter().enumerate() {
            for v in places(volume, *width) {
                for o in places(output, settings.output_width) {
                    // Doubled, so that shifted cells have numbers of their own.
                    let key = (parameters, single, scale, (2.0 * v) as i64, (2.0 * o) as i64);
                    cells.entry(key).or_default().push(id);
                }
            }
        }
    }
    let all = world.entity_count() as f64;
    let distinct: BTreeSet<Vec<u32>> = cells
        .into_values()
        .chain(of_setting.into_values())
        .filter(|accounts| {
            let entities = world.entities(accounts).len();
            entities >= settings.least_entities && entities as f64 <= settings.most_share * all
        })
        .collect();
    distinct.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::features::Evidence;
    use crate::intake::event::{Event, Fold, Origin};
    use crate::search::links::invert;

    fn proposed(world: &World, evidence: &Evidence, opened_or_closed: bool) -> Vec<Vec<u32>> {
        let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        let lone: Vec<u64> = accounts.iter().map(|a| a.lone_requests()).collect();
        propose_profiles(world, &accounts, &lone, &vec![opened_or_closed; accounts.len()], &ProfileSettings::default())
    }

    /// Accounts with (requests, output tokens of each).
    fn world(accounts: &[(u64, u64)]) -> (World, Evidence) {
        let mut evidence = Evidence::default();
        for (id, (requests, output)) in accounts.iter().enumerate() {
            for line_no in 0..*requests {
                let origin = Origin { file_id: 0, line_no };
                let event = Event::new(origin, line_no as i64, format!("a{id:03}").into());
                let temperature = Some(if *output < 1000 { id as f64 / 50.0 } else { 1.0 });
                evidence.push(&Event { output_tokens: Some(*output), temperature, ..event });
            }
        }
        evidence.finish().unwrap();
        (invert(&evidence, &BTreeMap::new()), evidence)
    }

    #[test]
    fn a_quota_is_one_cell_wherever_the_grid_lies() {
        for quota in [12u64, 17, 23, 31, 44, 58, 83] {
            let mut accounts: Vec<(u64, u64)> = (0..30).map(|i| (2 + i * 7, 20 + i * 61)).collect();
            accounts.extend((0..10).map(|i| (quota * (95 + i) / 100, 1000 + 10 * i)));
            let (world, evidence) = world(&accounts);
            let found = proposed(&world, &evidence, false);
            assert!(found.iter().any(|g| (30..40).all(|a| g.contains(&a))), "quota {quota}: {found:?}");
        }
    }

    #[test]
    fn accounts_that_were_closed_early_are_one_cell_whatever_they_did() {
        let mut accounts: Vec<(u64, u64)> = (0..30).map(|i| (2 + i * 7, 20 + i)).collect();
        accounts.extend((0..10).map(|i| (1 + i * i * 2, 1100)));
        let (world, evidence) = world(&accounts);
        let whole = |found: Vec<Vec<u32>>| found.contains(&(30..40).collect());
        assert!(whole(proposed(&world, &evidence, true)) && !whole(proposed(&world, &evidence, false)));
    }

    #[test]
    fn accounts_of_one_temperature_and_limit_are_one_cell_whatever_else_they_set_and_do() {
        let mut evidence = Evidence::default();
        for id in 0..40u64 {
            for line_no in 0..2 + id * id % 50 {
                let event = Event::new(Origin { file_id: 0, line_no }, line_no as i64, format!("a{id:03}").into());
                let ours = id < 10 && line_no % 3 != 1;
                let (temperature, max_tokens) = if ours { (0.6, 3072) } else { (id as f64 / 50.0, 100 + id) };
                let stream = [None, Some(true), Some(false)][id as usize % 3];
                evidence.push(&Event {
                    temperature: Some(temperature),
                    max_tokens: Some(max_tokens),
                    stream,
                    output_tokens: Some(100 + 90 * id),
                    ..event
                });
            }
        }
        evidence.finish().unwrap();
        let found = proposed(&invert(&evidence, &BTreeMap::new()), &evidence, false);
        assert!(found.contains(&(0..10).collect()), "{found:?}");
    }

    #[test]
    fn a_habit_of_nearly_all_is_no_habit() {
        let (world, evidence) = world(&[(20, 300); 40]);
        assert!(proposed(&world, &evidence, false).is_empty());
    }
}
