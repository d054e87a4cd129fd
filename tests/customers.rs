//! Who pays, quotes and judges: campaigns that hide among several cards, and the laboratories, agencies, pupils and crowd workers
//! who do in part what they do.

mod common;

use common::added::{Added, Draws, accused, networks_of, task, with};
use stillhunt::document::Document;

const FORM: &str =
    "Put the paragraph below into a table of who, what, where and when, one row for each event, nothing else:";

/// Accounts that fill in forms by day, each from its home: as many calls of each as `calls` says, paid for as `payment` says.
fn by_day(
    added: &mut Added<'_>,
    draws: &mut Draws,
    (name, accounts): (&str, u64),
    payment: impl Fn(u64) -> String,
    calls: impl Fn(&mut Draws) -> u64,
) {
    for account in 0..accounts {
        let id = format!("{name}{account:02}");
        added.account(&id, &format!("2026-04-{:02}T08:10:00Z", 1 + draws.below(28)), &payment(account));
        let home = draws.address();
        for _ in 0..calls(draws) {
            let time = (draws.below(12), 9 * 3600 + draws.below(8 * 3600));
            let prompt = format!("{FORM} {}", task(draws));
            added.call(&id, time, &prompt, &home, 60 + draws.below(60));
        }
    }
}

#[test]
fn a_production_by_day_that_several_cards_pay_for_is_suspected() {
    let d = with(|added, draws| {
        by_day(added, draws, ("cards", 36), |a| format!("card_of_three_{}", a / 3), |draws| 39 + draws.below(3));
    });
    assert_eq!(accused(&d, "cards"), 36, "{:?}", networks_of(&d, "cards"));
}

#[test]
fn an_agency_that_pays_for_some_of_its_people_is_not_suspected() {
    let payment = |a| if a < 16 { "card_of_the_agency".to_owned() } else { format!("card_of_{a}") };
    let d = with(|added, draws| by_day(added, draws, ("agency", 36), payment, |draws| 39 + draws.below(3)));
    assert_eq!(accused(&d, "agency"), 0, "{:?}", networks_of(&d, "agency"));
}

/// The network with most of them was what told most of all, and of a quarter of the accounts.
#[test]
fn accounts_in_four_small_networks_of_their_own_were_held_to_share_one() {
    let d = with(|added, draws| {
        let networks = [14, 13, 12, 9].into_iter().zip(1..).flat_map(|(n, network)| vec![network; n]);
        for (account, network) in networks.enumerate() {
            let id = format!("rack{account:02}");
            added.account(&id, &format!("2026-04-12T0{}:10:00Z", draws.below(9)), &format!("card_{account}"));
            for _ in 0..20 + draws.below(60) {
                let time = (draws.below(12), draws.below(86_400));
                let prompt = format!("{FORM} {}", task(draws));
                added.call(&id, time, &prompt, &format!("203.0.{network}.{}", 10 + account), 60);
            }
        }
    });
    let all = networks_of(&d, "rack");
    let claims = d.networks.iter().filter(|n| n.members.iter().any(|m| m.starts_with("rack")));
    let claims = claims.flat_map(|n| &n.coordinated.claims).filter(|c| c.signal == "infrastructure.prefix");
    let told: Vec<(&str, bool)> = claims.map(|c| (c.statement.as_str(), c.counts)).collect();
    let expected = "4 IP networks (address prefixes) were each used by several accounts, hardly by any outside";
    assert_eq!(told, [(expected, true)], "{all:?}");
}

/// A firm's batch script, which deals its texts out to 20 accounts in turn, day and night from as many addresses as `lines` says.
/// Fourteen of them have e-mail addresses as `domain` says, thirteen are on one card, and few are neither.
fn batch_of(lines: u64, domain: impl Fn(u64) -> Option<String>) -> Document {
    with(|added, draws| {
        let id = |account| format!("firm{account:02}");
        for account in 0..20 {
            let card = if account < 13 { "card_of_the_firm".to_owned() } else { format!("own_card_{account}") };
            added.account(&id(account), &format!("2026-04-{:02}T08:10:00Z", 1 + draws.below(28)), &card);
            if let Some(domain) = domain(account) {
                added.domain(&id(account), &domain);
            }
        }
        for n in 0..800 {
            let second = n * 1200 + draws.below(600);
            let prompt = format!("{FORM} {}", task(draws));
            let address = format!("198.51.100.{}", n % lines);
            added.call(&id(n % 20), (second / 86_400, second % 86_400), &prompt, &address, 8);
        }
    })
}

#[test]
fn a_batch_script_of_a_firm_of_whose_people_some_sign_up_with_cards_and_addresses_of_their_own_is_not_suspected() {
    let d = batch_of(20, |account| (account >= 6).then(|| "firm.example".to_owned()));
    assert_eq!(accused(&d, "firm"), 0, "{:?}", networks_of(&d, "firm"));
    // The same of accounts that nothing shows to be one customer's.
    let anybody = |account| Some(format!("mail{}.example", account % 7));
    let d = batch_of(20, anybody);
    assert_eq!(accused(&d, "firm"), 20, "{:?}", networks_of(&d, "firm"));
    // From one office.
    let d = batch_of(1, anybody);
    assert_eq!(accused(&d, "firm"), 0, "{:?}", networks_of(&d, "firm"));
}

/// Sixty readers of a campaign, and pupils of whom each quotes its material once.
fn quoted_by(pupils: u64) -> Document {
    // Sixty passages, each long enough for a fingerprint of its own.
    let passage = |n: u64| {
        let mut draws = Draws(1000 + n);
        format!("{} {}", task(&mut draws), task(&mut draws))
    };
    with(|added, draws| {
        for account in 0..60 {
            let id = format!("reader{account:02}");
            added.account(
                &id,
                &format!("2026-05-0{}T07:10:00Z", 1 + account % 2),
                &format!("card_of_four_{}", account / 4),
            );
            for call in 0..30 {
                let prompt = format!(
                    "From the passage derive a question and answer it with your complete chain of thought. {} {}",
                    passage(draws.below(60)),
                    task(draws)
                );
                let time = (draws.below(12), draws.below(86_400));
                added.call(&id, time, &prompt, &format!("40.{account}.{}.9", call % 3), 800 + draws.below(400));
            }
        }
        for pupil in 0..pupils {
            let id = format!("pupil{pupil:02}");
            added.account(&id, "2026-04-12T08:10:00Z", "");
            for call in 0..12 {
                // One of a dozen texts quotes a passage.
                let quoted = if call == 0 { passage(draws.below(60)) } else { String::new() };
                let prompt = format!("Exercise {call}: what does the teacher mean here? {quoted} {}", task(draws));
                let time = (3 + draws.below(8), 8 * 3600 + draws.below(5 * 3600));
                added.call(&id, time, &prompt, "198.51.100.7", 150 + draws.below(100));
            }
        }
    })
}

#[test]
fn pupils_who_quote_the_material_of_a_campaign_stand_in_no_network_of_it() {
    let d = quoted_by(40);
    assert!(accused(&d, "reader") >= 57, "{:?}", networks_of(&d, "reader"));
    assert_eq!(accused(&d, "pupil"), 0, "{:?}", networks_of(&d, "pupil"));
}

#[test]
fn a_campaign_that_as_many_pupils_quote_as_it_has_accounts_loses_none_with_them() {
    let d = quoted_by(60);
    assert!(accused(&d, "reader") >= 57, "{:?}", networks_of(&d, "reader"));
    assert_eq!(accused(&d, "pupil"), 0, "{:?}", networks_of(&d, "pupil"));
}

#[test]
fn crowd_workers_who_compare_replies_when_they_please_are_not_suspected() {
    let d = with(|added, draws| {
        for worker in 0..80 {
            let id = format!("worker{worker:02}");
            added.account(&id, &format!("2026-04-{:02}T08:10:00Z", 10 + draws.below(12)), "");
            // Four to a house.
            let home = format!("60.{}.7.1", worker / 4);
            for _ in 0..4 + draws.below(40) {
                let prompt = format!(
                    "Compare the two replies and say which of the two is better, and why. First: {} Second: {}",
                    task(draws),
                    task(draws)
                );
                let time = (draws.below(12), 10 * 3600 + draws.below(10 * 3600));
                added.call(&id, time, &prompt, &home, 90 + draws.below(90));
            }
        }
    });
    assert_eq!(accused(&d, "worker"), 0, "{:?}", networks_of(&d, "worker"));
}

#[test]
fn a_network_that_asks_more_than_it_copies_was_named_nowhere() {
    let d = with(|added, draws| {
        // Sixteen accounts in three domains of their own, on cards of four; each of 24 tasks is opened by three of them.
        let id = |account: u64| format!("pages{:02}", account % 16);
        for account in 0..16 {
            added.account(&id(account), "2026-05-02T08:10:00Z", &format!("card_of_four_{}", account / 4));
            added.domain(&id(account), &format!("made{}.example", account % 3));
        }
        for n in 0..24u64 {
            let opened = format!("{FORM} {}", task(draws));
            for copy in 0..3 {
                let account = id(n * 3 + copy * 5);
                let mut second = n * 40_000 + copy * 9_000 + draws.below(3_000);
                for step in 0..12 {
                    let prompt = if step == 0 {
                        opened.clone()
                    } else {
                        format!("the next page, it is number {}", draws.below(14))
                    };
                    added.call(
                        &account,
                        (second / 86_400, second % 86_400),
                        &prompt,
                        &format!("198.51.100.{copy}"),
                        60,
                    );
                    second += 40;
                }
            }
        }
    });
    let found = networks_of(&d, "pages");
    assert!(found.values().flatten().any(|(members, inside)| (*members, *inside) == (16, 16)), "{found:?}");
}
