//! Innocent explanations: what each predicts, and what was seen. They stand beside every finding.

use crate::document::Explanation;
use crate::shape::Shape;

/// Weighs the innocent explanations of a group whose `families` (of tested evidence) speak; best fit first.
pub fn weigh(families: &[&str], shape: &Shape) -> Vec<Explanation> {
    let control = families.contains(&"identity") || families.contains(&"infrastructure");
    let time = families.contains(&"time");
    let no_text = "no text in the log".to_owned();
    let repeats = shape.unrepeated.map(|v| format!("{:.0} % of texts were new to the group", 100.0 * v));
    let talks = shape.single_turn.map(|v| format!("{:.0} % of its requests stand outside conversations", 100.0 * v));
    let over = |value: Option<f64>, least: f64| usize::from(value.is_some_and(|v| v > least));
    let fit = |contradictions: usize, of: usize| match contradictions {
        0 => "fits",
        n if n < of => "partly",
        _ => "contradicted",
    };
    let is = |condition: bool| usize::from(condition);
    let mut all = vec![
        Explanation {
            name: "popular framework or coding tool".into(),
            predicts: "a shared prompt and client, but nothing shared in payment, addresses, sign-up or rhythm".into(),
            seen: format!("families that agree beyond chance: {}", families.join(", ")),
            fit: fit(is(control) + is(time), 2).into(),
            would_change: String::new(),
        },
        Explanation {
            name: "class or hackathon".into(),
            predicts: "the same exercises again and again, conversations, human days".into(),
            seen: repeats.clone().unwrap_or_else(|| no_text.clone()),
            fit: fit(over(shape.unrepeated, 0.75) + over(shape.single_turn, 0.75), 2).into(),
            would_change: String::new(),
        },
        Explanation {
            name: "public benchmark run".into(),
            predicts: "each account covers the whole set, so texts repeat from account to account".into(),
            seen: repeats.unwrap_or(no_text),
            fit: fit(over(shape.unrepeated, 0.5), 1).into(),
            would_change: String::new(),
        },
        Explanation {
            name: "crowd-work".into(),
            predicts: "a common task sheet, but own payment and addresses, and conversations".into(),
            seen: talks.unwrap_or_else(|| "no conversations in the log".to_owned()),
            fit: fit(is(control) + over(shape.single_turn, 0.75), 2).into(),
            would_change: String::new(),
        },
        Explanation {
            name: "one undeclared organisation".into(),
            predicts: "shared payment or addresses, and varied work that repeats like a business's".into(),
            seen: format!("families that agree beyond chance: {}", families.join(", ")),
            fit: fit(is(!control) + over(shape.rule_share, 0.2), 2).into(),
            would_change: String::new(),
        },
    ];
    let order = |fit: &str| ["fits", "partly", "contradicted"].iter().position(|f| *f == fit);
    all.sort_by_key(|e| order(&e.fit));
    for explanation in &mut all {
        explanation.would_change = would_change(&explanation.name).to_owned();
    }
    all
}

/// What would settle the matter and cannot stand in a log: whom to ask for what, before anybody acts.
fn would_change(name: &str) -> &'static str {
    match name {
        "popular framework or coding tool" => {
            "a public tool or template that sends these very words by default, found with users outside the network"
        }
        "class or hackathon" => "an organiser who names the event and its participants, and accounts that are theirs",
        "public benchmark run" => "a public data set that holds these texts, and an evaluation that names itself",
        "crowd-work" => "a task platform or employer that confirms separate workers with payments of their own",
        "one undeclared organisation" => {
            "a contract, a domain or a contact that shows one customer behind the accounts, with a use of its own for the answers"
        }
        _ => "a statement of the account holders that can be checked outside these logs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framework_is_contradicted_by_payments_and_rhythm_only() {
        let nothing = Shape {
            texts: 0,
            unrepeated: None,
            single_turn: None,
            rule_share: None,
            sleepless: None,
            uniform: None,
            output: 0.0,
        };
        let fit = |families: &[&str]| {
            weigh(families, &nothing)
                .into_iter()
                .find(|e| e.name.starts_with("popular"))
                .map(|e| e.fit)
                .unwrap_or_default()
        };
        assert_eq!(fit(&["behaviour"]), "fits");
        assert_eq!(fit(&["behaviour", "time"]), "partly");
        assert_eq!(fit(&["identity", "time"]), "contradicted");
    }
}
