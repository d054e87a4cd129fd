//! Campaigns that no two accounts word alike, questions that are put to several accounts, and a course that asks what a campaign
//! would: beside a few hundred ordinary accounts.

mod common;

use common::added::{accused, networks_of, task, with};
use stillhunt::document::Verdict;

#[test]
fn a_campaign_of_which_no_two_requests_are_worded_alike_is_one_network() {
    const OPENINGS: [&str; 8] = [
        "Good morning, I hope this finds you well; a puzzle for you today",
        "Hello again, here is the next one that my neighbour could not do",
        "For my evening studies I collect questions such as the one below",
        "A friend of the family handed me this on a slip of paper, namely",
        "Dear assistant, kindly have a look at what the teacher set for us",
        "Right, back with another little riddle from the almanac on my desk",
        "This turned up in an old quiz book and nobody at home can agree",
        "My cousin swears there is a trick to it, but I fail to see which",
    ];
    const CLOSINGS: [&str; 8] = [
        "Please lay open every consideration on the way to the result, thanks",
        "I would love to follow the whole path and not only where it leads to",
        "Do take me along through each stage, also those that lead nowhere",
        "Leave nothing implicit, the working matters more to me than the end",
        "Many thanks, and the longer the account of how you got there the better",
        "Walk slowly, for I want to retrace all of it with pencil and paper",
        "Could you set down what you weighed and dropped before you settled",
        "The answer alone is of no use to me, so spell out what precedes it",
    ];
    let d = with(|added, draws| {
        for account in 0..60 {
            let name = format!("varied{account:02}");
            added.account(&name, &format!("2026-05-0{}T0{}:10:00Z", 2 + account % 2, draws.below(9)), "");
            for _ in 0..14 {
                let prompt = format!("{}: {} {}.", draws.of(&OPENINGS), task(draws), draws.of(&CLOSINGS));
                let (time, address, output) =
                    ((draws.below(12), draws.below(86_400)), draws.address(), 700 + draws.below(600));
                added.call(&name, time, &prompt, &address, output);
            }
        }
    });
    let found = networks_of(&d, "varied");
    assert!(
        found[&Verdict::SuspectedDistillation].iter().any(|(size, inside)| *inside >= 57 && size - inside <= 1),
        "{found:?}"
    );
}

#[test]
fn questions_that_are_put_to_a_few_accounts_each_are_a_harvest_of_preferences() {
    let d = with(|added, draws| {
        for account in 0..48 {
            let name = format!("pairs{account:02}");
            let created = format!("2026-04-{:02}T08:10:00Z", 1 + draws.below(28));
            added.account(&name, &created, &format!("pay_of_pairs_{}", account / 3));
        }
        for _ in 0..400 {
            let (day, second, question) = (draws.below(12), draws.below(86_000), task(draws));
            let first = draws.below(48);
            for i in 0..4 {
                let account = (first + i * (1 + 2 * draws.below(5))) % 48;
                let output = 300 + draws.below(300);
                added.call(
                    &format!("pairs{account:02}"),
                    (day, second + i * 40),
                    &question,
                    &format!("30.{account}.1.7"),
                    output,
                );
            }
        }
    });
    let found = networks_of(&d, "pairs");
    assert!(
        found
            .get(&Verdict::SuspectedDistillation)
            .is_some_and(|f| f.iter().any(|(size, inside)| *inside >= 40 && size == inside)),
        "{found:?}"
    );
}

#[test]
fn a_course_that_asks_for_training_material_is_not_suspected() {
    const EXERCISES: [&str; 4] = [
        "Think carefully and write your complete chain of thought inside tags, then the answer.",
        "Grade the following answer from 1 to 10 against a rubric of accuracy, clarity and tone, with a rationale.",
        "Rewrite this instruction to make it more difficult and multi-step, then solve the new version of it.",
        "Here are two answers. Which of the two answers is better, and why do you prefer the one to the other?",
    ];
    let d = with(|added, draws| {
        for account in 0..60 {
            let name = format!("course{account:02}");
            added.account(&name, &format!("2026-05-05T{:02}:10:00Z", 8 + draws.below(6)), &format!("pay_of_{account}"));
            let home = draws.address();
            for exercise in 0..12 {
                let prompt = format!("{} {}", EXERCISES[exercise / 3], task(draws));
                let time = (3 + draws.below(7), 17 * 3600 + draws.below(5 * 3600));
                let output = 350 + draws.below(100);
                added.call(&name, time, &prompt, &home, output);
            }
        }
    });
    let found = networks_of(&d, "course");
    assert_eq!(accused(&d, "course"), 0, "{found:?}");
    assert!(found.values().flatten().any(|(_, inside)| *inside >= 50), "it is told for what it is: {found:?}");
}
