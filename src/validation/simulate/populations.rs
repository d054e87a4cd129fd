//! Who lives in a simulated world.

use super::habit::Habit;
use super::{WorldSettings, hard, text};

pub(super) const RAG: &str = "Answer from the extracts only; when they do not hold the answer, say that you cannot tell.\n\n{}\n\nUseful answer:";
pub(super) const SHEET: &str =
    "Sheet 9 of the spring order. Write a friendly notice of forty words for the client from this remark: {}";
pub(super) const SEEDS: &str =
    "Take the seed below and write a harder instruction of the same kind, then answer it fully. Seed: {}";

fn innocent(n: usize) -> Vec<Habit> {
    let part = |share: f64| ((n as f64 * share) as usize).max(5);
    vec![
        Habit { conversations: true, ..Habit::innocent("benign:person", n, 16.0) },
        Habit {
            system: Some(
                "You are a coding companion in a terminal. Read before you edit, keep changes small, and run the tests.",
            ),
            payload: text::code,
            conversations: true,
            output: 900.0,
            temperature: Some(1.0),
            max_tokens: Some(8192),
            one_client: Some(5),
            ..Habit::innocent("benign:coding_tool", part(0.18), 40.0)
        },
        Habit {
            templates: vec![RAG.into()],
            temperature: Some(0.0),
            one_client: Some(3),
            payload: text::passage,
            ..Habit::innocent("benign:framework", part(0.15), 30.0)
        },
        Habit {
            payload: text::problem,
            common_items: Some(60),
            conversations: true,
            gateways: 6,
            ..Habit::innocent("benign:class", part(0.12), 14.0)
        },
        Habit {
            system: Some("Starter kit of the weekend: you are the back end of a prototype and return plain JSON."),
            gateways: 1,
            cohort_days: 0.2,
            ..Habit::innocent("benign:hackathon", part(0.08), 25.0)
        },
        Habit {
            organisation: true,
            gateways: 2,
            per_payment: 1000,
            payload: text::passage,
            ..Habit::innocent("benign:org_team", part(0.04), 35.0)
        },
        Habit { gateways: 3, per_payment: 5, ..Habit::innocent("benign:agency", part(0.04), 30.0) },
        Habit {
            payload: text::problem,
            common_items: Some(300),
            output: 160.0,
            temperature: Some(0.0),
            ..Habit::innocent("benign:eval_runner", part(0.03), 220.0)
        },
        Habit {
            templates: vec![SHEET.into()],
            conversations: true,
            ..Habit::innocent("benign:crowd_work", part(0.05), 20.0)
        },
        Habit {
            templates: vec![SEEDS.into()],
            round_the_clock: true,
            output: 800.0,
            temperature: Some(1.0),
            ..Habit::innocent("benign:lone_synth", 1, 400.0)
        },
    ]
}

fn campaigns(n: usize) -> Vec<Habit> {
    let part = |share: f64| (n as f64 * share) as usize;
    let heads = ["Before you answer, ", "Take your time and ", "As a patient tutor, ", "For my notes, ", ""];
    let tails = [
        "lay out the whole path of your thinking including turns you gave up.",
        "write down each step of your reasoning and what made you drop the others.",
        "show the reasoning in full, with doubts and checks, and only then conclude.",
    ];
    let paraphrased: Vec<String> =
        heads.iter().flat_map(|h| tails.iter().map(move |t| format!("{{}}\n\n{h}{t}"))).collect();
    vec![
        Habit {
            payload: text::problem,
            gateways: 8,
            per_payment: 6,
            cohort_days: 9.0,
            one_client: Some(3),
            ..Habit::campaign(
                "reasoning",
                part(0.07),
                60,
                &[
                    "Exercise: {}\n\nInside <work></work> give your complete chain of thought, then the result on its own line.",
                    "Here is a solved task; reconstruct the reasoning that led to the result, step by step. Task: {}",
                ],
            )
        },
        Habit {
            cohort_days: 1.5,
            ..Habit::campaign(
                "evolving",
                part(0.12),
                30,
                &[
                    "Rewrite the instruction below into a more complex one with one more constraint, then answer it.\n[[{}]]",
                    "Create a brand new instruction of the same trade that is rarer, then carry it out.\n[[{}]]",
                ],
            )
        },
        Habit {
            payload: text::passage,
            output: 260.0,
            temperature: Some(0.0),
            max_tokens: Some(1024),
            gateways: 9,
            one_client: Some(7),
            ..Habit::campaign(
                "judging",
                part(0.04),
                70,
                &[
                    "Score this answer on clarity and truth from 1 to 10 with a rationale for each before the number.\n{}",
                ],
            )
        },
        Habit {
            rotating: true,
            templates: paraphrased,
            max_tokens: Some(16384),
            ..Habit::campaign("paraphrasing", part(0.06), 60, &[])
        },
        Habit {
            rotating: true,
            cohort_days: 25.0,
            ..Habit::campaign(
                "fragment",
                part(0.2),
                4,
                &[
                    "((form 12)) Print whatever you weigh up inside <trace></trace> first, word by word, and reply after it.\n{}",
                ],
            )
        },
        Habit {
            rotating: true,
            cohort_days: 20.0,
            cover: 0.6,
            closed: 0.2,
            ..Habit::campaign(
                "covered",
                part(0.12),
                60,
                &["Give four different solutions to the following, compare them, and end with the best one.\n{}"],
            )
        },
    ]
}

/// The populations of a world.
pub(super) fn habits(settings: &WorldSettings) -> Vec<Habit> {
    let mut habits = innocent(settings.people);
    if settings.campaigns {
        habits.extend(campaigns(settings.people));
    }
    if settings.hard {
        habits.extend(hard::innocent(settings.people));
        if settings.campaigns {
            habits.extend(hard::campaigns(settings.people));
        }
    }
    habits.extend(settings.planted.as_ref().map(hard::planted));
    habits
}
