//! Payload written for this project: a small grammar whose products number in the millions.

use super::draw::Draw;

const PEOPLE: [&str; 12] =
    ["Ines", "Tomas", "Wanjiru", "Bao", "Eleni", "Karim", "Sigrid", "Mateo", "Noor", "Pavel", "Yuki", "Adwoa"];
const THINGS: [&str; 12] = [
    "jars of honey",
    "bicycle bells",
    "paper lanterns",
    "sacks of oats",
    "clay tiles",
    "trays of seedlings",
    "spools of wire",
    "tins of paint",
    "wool blankets",
    "boxes of chalk",
    "copper kettles",
    "rolls of felt",
];
const PLACES: [&str; 10] = [
    "the harbour market",
    "a night train",
    "the hill orchard",
    "an old print shop",
    "the town observatory",
    "a ferry terminal",
    "the salt works",
    "a village bakery",
    "the canal lock",
    "a greenhouse",
];
const TOPICS: [&str; 14] = [
    "grafting pear trees",
    "timetables of mountain railways",
    "baking with rye",
    "the moons of Saturn",
    "repairing accordions",
    "beekeeping in winter",
    "dry stone walls",
    "tide tables",
    "weaving looms",
    "growing mushrooms",
    "restoring mosaics",
    "lighthouse lenses",
    "composting",
    "map projections",
];
const CLAUSES: [&str; 14] = [
    "the first frost came early that year",
    "nobody had counted the spare parts",
    "the older method turned out cheaper",
    "visitors asked for it again and again",
    "the drawings were lost in the move",
    "a retired teacher kept the only record",
    "the water level fell by a hand each week",
    "two of the suppliers had closed",
    "the noise carried across the valley",
    "the new tool saved an hour each morning",
    "the committee put it off until spring",
    "the colour faded sooner than promised",
    "children learned it faster than adults",
    "the bill was lower than anyone feared",
];
const QUESTIONS: [&str; 10] = [
    "what should I know about",
    "how did people start with",
    "what goes wrong most often in",
    "which books are good on",
    "what does a beginner need for",
    "can you compare two ways of",
    "what is the history of",
    "how long does it take to learn",
    "what would a week plan look like for",
    "why do people care about",
];
const CODE: [&str; 10] = [
    "parses a date in three formats",
    "finds the longest run of equal values",
    "merges overlapping intervals",
    "rounds money to the nearest five cents",
    "groups words by their first letter",
    "walks a tree without recursion",
    "validates a bank reference",
    "splits a list into fair halves",
    "counts distinct pairs",
    "formats a table with aligned columns",
];
const LANGUAGES: [&str; 5] = ["Python", "Rust", "Go", "TypeScript", "Java"];

/// A word problem.
pub fn problem(d: &mut Draw) -> String {
    let (who, what, place) = (d.pick(&PEOPLE), d.pick(&THINGS), d.pick(&PLACES));
    let (n, m, k) = (d.between(12, 980), d.between(2, 19), d.between(3, 60));
    match d.below(3) {
        0 => format!(
            "{who} carries {n} {what} to {place} in {m} equal loads and sells {k} from each. How many are left?"
        ),
        1 => format!(
            "At {place}, {who} packs {n} {what} and gives every {m}th one away, then buys {k} more. How many does {who} have now?"
        ),
        _ => format!(
            "{who} needs {n} {what} for {place}. A crate holds {m} and costs {k} coins. What do enough crates cost?"
        ),
    }
}

/// A passage of some clauses.
pub fn passage(d: &mut Draw) -> String {
    let mut out = format!("Notes on {} from {}, page {}: ", d.pick(&TOPICS), d.pick(&PLACES), d.between(1, 4000));
    for _ in 0..d.between(2, 5) {
        out += &format!("{} saw that {}, and {}. ", d.pick(&PEOPLE), d.pick(&CLAUSES), d.pick(&CLAUSES));
    }
    out
}

/// A plain question.
pub fn question(d: &mut Draw) -> String {
    let (q, topic, place) = (d.pick(&QUESTIONS), d.pick(&TOPICS), d.pick(&PLACES));
    match d.below(3) {
        0 => format!("{q} {topic} near {place}?"),
        1 => format!("I have {} weeks and {} coins: {q} {topic}?", d.between(1, 50), d.between(5, 900)),
        _ => format!("{} asked me this, {q} {topic}, and {} too?", d.pick(&PEOPLE), d.pick(&TOPICS)),
    }
}

/// A programming task.
pub fn code(d: &mut Draw) -> String {
    format!(
        "Write a {} function number {} that {} and {}.",
        d.pick(&LANGUAGES),
        d.between(1, 9000),
        d.pick(&CODE),
        d.pick(&CODE)
    )
}

const VERBS: [&str; 10] =
    ["Write down", "Put before me", "Spell out", "Note", "Tell me", "List", "Record", "Give", "Unfold", "Set out"];
const WHAT: [&str; 10] = [
    "all that you think of",
    "your whole deliberation",
    "each inference",
    "the way to the result",
    "what you consider",
    "the path you take",
    "every doubt and check",
    "how you get there",
    "your notes in full",
    "what speaks for and against",
];
const MANNER: [&str; 10] = [
    "in order",
    "with numbers",
    "as it occurs to you",
    "leaving nothing out",
    "in short lines",
    "in full sentences",
    "for a sceptic",
    "with reasons",
    "from the start",
    "also what fails",
];
const CLOSE: [&str; 10] = [
    "Answer last.",
    "The result comes after.",
    "Only then conclude.",
    "End on the answer.",
    "Then decide.",
    "Finish with it.",
    "Close with a verdict.",
    "Sum up below.",
    "State it at the end.",
    "Conclude afterwards.",
];

/// The same request in any of twenty thousand wordings, before or after the payload; pieces are so short that hardly any
/// two wordings share a passage.
pub fn reworded(d: &mut Draw, payload: &str) -> String {
    let (verb, what, manner, close) = (d.pick(&VERBS), d.pick(&WHAT), d.pick(&MANNER), d.pick(&CLOSE));
    let first = if d.chance(0.5) { format!("{verb} {what}, {manner}.") } else { format!("{verb}, {manner}, {what}.") };
    if d.chance(0.5) { format!("{first} {close}\n{payload}") } else { format!("{payload}\n{first} {close}") }
}

const SYLLABLES: [&str; 40] = [
    "ba", "cor", "den", "el", "fa", "gri", "hol", "in", "jo", "kel", "lum", "mar", "nis", "or", "pel", "qua", "ras",
    "sto", "tin", "ul", "ven", "wis", "ya", "zem", "bri", "cla", "dro", "fen", "gol", "hin", "kra", "lis", "mon",
    "nar", "pri", "ros", "sel", "tur", "vol", "wen",
];

/// Made-up words, `bytes` long give or take what the spread of lengths in a log gives. Where the grammar repeats its
/// clauses in every tenth text, this repeats nothing longer than a few words, as material from elsewhere does.
pub fn prose(d: &mut Draw, bytes: usize) -> String {
    let length = (d.lognormal(bytes as f64, 0.5) as usize).min(64 * bytes);
    let mut out = String::with_capacity(length + 32);
    while out.len() < length {
        // A power, so that a few short words make up most of the text, as in any language.
        let mut word = (d.unit().powi(4) * 20_000.0) as usize;
        loop {
            out += SYLLABLES[word % SYLLABLES.len()];
            word /= SYLLABLES.len();
            if word == 0 {
                break;
            }
        }
        out.push(' ');
    }
    out
}

/// Anything.
pub fn any(d: &mut Draw) -> String {
    match d.below(4) {
        0 => problem(d),
        1 => passage(d),
        2 => question(d),
        _ => code(d),
    }
}
