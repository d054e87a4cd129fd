//! Populations made to be difficult: campaigns that hide in one respect each, and innocents that look guilty.

use super::habit::{Habit, Volume};
use super::{Planted, text};

/// The campaign of [`Planted`].
pub(super) fn planted(p: &Planted) -> Habit {
    let head =
        "Weigh every reading of the task in writing, discard them one by one with the grounds, then settle it.\n{}";
    let campaign = Habit {
        accounts: p.accounts,
        cover: p.cover,
        paraphrase: p.paraphrase,
        ..Habit::campaign("planted", p.accounts, p.requests, &[head])
    };
    if p.careful {
        Habit { rotating: true, cohort_days: 30.0, ..campaign }
    } else {
        Habit { gateways: p.accounts.div_ceil(8), per_payment: 6, cohort_days: 9.0, ..campaign }
    }
}

pub(super) fn innocent(n: usize) -> Vec<Habit> {
    let part = |share: f64| ((n as f64 * share) as usize).max(6);
    let report =
        "Compile the nightly report for the site from the readings below, with a paragraph for each anomaly.\n{}";
    let lesson = "Lesson 4, task B. Explain the following to a newcomer at length, with three examples of your own: {}";
    let digest =
        "You run as a robot for one reader. From the feed below write today's letter in full, item by item.\n{}";
    let tale = "The reader of this bedtime app chose the words below. Tell a long tale around them, in chapters: {}";
    let brief =
        "As the assistant of this workspace write the complete draft that the customer asked for, with headings: {}";
    vec![
        // Robots of an open-source product, most of them set up on the day of its launch, awake day and night.
        Habit {
            templates: vec![digest.into()],
            volume: Volume::Quota(40),
            round_the_clock: true,
            payload: text::passage,
            output: 1200.0,
            max_tokens: Some(4096),
            one_client: Some(4),
            cohort_days: 2.0,
            ..Habit::innocent("benign:launch_robots", part(0.08), 1.0)
        },
        // People with a telephone, and the users of an application for it: one prompt, one client, the same carriers.
        Habit { conversations: true, on_the_move: true, ..Habit::innocent("benign:phone_people", part(0.25), 14.0) },
        Habit {
            templates: vec![tale.into()],
            payload: text::question,
            output: 1300.0,
            max_tokens: Some(4096),
            one_client: Some(6),
            on_the_move: true,
            ..Habit::innocent("benign:phone_app", part(0.12), 9.0)
        },
        // Customers of one service with keys of their own, all called from its servers, when they please.
        Habit {
            templates: vec![brief.into()],
            payload: text::question,
            output: 1100.0,
            max_tokens: Some(4096),
            one_client: Some(4),
            gateways: 3,
            ..Habit::innocent("benign:own_key_service", part(0.1), 20.0)
        },
        // Customers of one product: its prompt, its client, its nightly schedule; nothing else in common.
        Habit {
            templates: vec![report.into()],
            volume: Volume::Quota(28),
            payload: text::passage,
            output: 1200.0,
            temperature: Some(0.2),
            max_tokens: Some(4096),
            one_client: Some(3),
            ..Habit::innocent("benign:nightly_product", part(0.1), 1.0)
        },
        // A course that opens accounts on one day and hands out one task sheet for the API.
        Habit {
            templates: vec![lesson.into()],
            volume: Volume::Quota(20),
            payload: text::question,
            output: 1100.0,
            cohort_days: 0.5,
            ..Habit::innocent("benign:course", part(0.08), 1.0)
        },
        // Who runs a whole benchmark: the material that a campaign deals out.
        Habit {
            payload: text::problem,
            common_items: Some(5000),
            material: Some(1),
            volume: Volume::Quota(600),
            output: 160.0,
            temperature: Some(0.0),
            ..Habit::innocent("benign:benchmark_runner", 6, 1.0)
        },
    ]
}

pub(super) fn campaigns(n: usize) -> Vec<Habit> {
    let part = |share: f64| ((n as f64 * share) as usize).max(8);
    let head = "Work on this and set out everything that you consider, then the answer.\n{}";
    vec![
        // No template at all: public items dealt over accounts.
        Habit {
            payload: text::problem,
            common_items: Some(5000),
            material: Some(1),
            dealt: true,
            cohort_days: 12.0,
            ..Habit::campaign("dealt", part(0.075), 90, &[])
        },
        Habit {
            weekly: true,
            rotating: true,
            ..Habit::campaign(
                "weekly",
                part(0.05),
                50,
                &[
                    "Put the whole derivation between [d] and [/d] before you state any result for this: {}",
                    "{}\nGive your private notes first, unabridged, and only below a line of dashes the outcome.",
                ],
            )
        },
        Habit {
            gateways: 6,
            ..Habit::campaign(
                "polyglot",
                part(0.05),
                45,
                &[
                    "Explica paso a paso todo tu razonamiento, incluidas las dudas, antes de dar la respuesta final: {}",
                    "请先完整写出你的思考过程和每一个被放弃的想法，然后再给出最终答案。题目如下：{}",
                    "Schreibe zuerst deinen vollständigen Gedankengang mit allen Zweifeln auf, dann erst das Ergebnis: {}",
                ],
            )
        },
        // Inside a popular tool: its system prompt, client, parameters and conversations.
        Habit {
            system: Some(
                "You are a coding companion in a terminal. Read before you edit, keep changes small, and run the tests.",
            ),
            payload: text::code,
            max_tokens: Some(8192),
            one_client: Some(5),
            per_payment: 5,
            gateways: 4,
            ..Habit::campaign(
                "in_tool",
                part(0.04),
                60,
                &["For the corpus: solve it twice in unlike ways and comment each line. {}"],
            )
        },
        // A person's day on a household's address; the sign-ups and the instruments give it away.
        Habit {
            round_the_clock: false,
            cohort_days: 10.0,
            per_payment: 4,
            ..Habit::campaign("dayshift", part(0.05), 40, &[head])
        },
        Habit {
            cover: 0.75,
            per_payment: 6,
            cohort_days: 15.0,
            ..Habit::campaign(
                "mostly_cover",
                part(0.05),
                80,
                &["Number your thoughts from one and leave none out; finish with 'so:'. {}"],
            )
        },
        Habit {
            rotating: true,
            cohort_days: 20.0,
            ..Habit::campaign(
                "twin_left",
                part(0.04),
                50,
                &["Compose an examination question harder than this one and answer it in full: {}"],
            )
        },
        Habit {
            rotating: true,
            cohort_days: 20.0,
            ..Habit::campaign(
                "twin_right",
                part(0.04),
                50,
                &["Rank the claims in the text by how well they are supported and justify each rank: {}"],
            )
        },
        Habit {
            generations: 4,
            gateways: 5,
            ..Habit::campaign(
                "replaced",
                part(0.06),
                25,
                &["Recite the considerations that decide this, in order, with weights. {}"],
            )
        },
        // Simulated people: conversations held day and night.
        Habit {
            conversations: true,
            rotating: true,
            payload: text::question,
            output: 700.0,
            ..Habit::campaign(
                "conversing",
                part(0.05),
                60,
                &["Reply to me, but set out all your thinking on it, unabridged, before the reply itself. {}"],
            )
        },
        // Short answers: marks for other answers.
        Habit {
            payload: text::passage,
            output: 60.0,
            temperature: Some(0.0),
            max_tokens: Some(256),
            gateways: 4,
            ..Habit::campaign(
                "marking",
                part(0.04),
                80,
                &["As a strict examiner mark the reply below between 0 and 20 points, with the reason in a line.\n{}"],
            )
        },
        Habit {
            accounts: 4,
            gateways: 1,
            per_payment: 2,
            ..Habit::campaign("four", 4, 120, &["State the rule, apply it, show the intermediate forms: {}"])
        },
    ]
}
