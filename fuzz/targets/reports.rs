//! Any bytes as the report.json of a case that somebody sent: every rendering, and nothing that acts in any of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stillhunt::document::Document;
use stillhunt::report::export::{Format, export};
use stillhunt::report::terminal::{TerminalOptions, View, summary};
use stillhunt::report::{comparison, inspect};

fuzz_target!(|data: &[u8]| {
    let Ok(document) = serde_json::from_slice::<Document>(data) else { return };
    let options = TerminalOptions { width: 80, colour: false, view: View::All };
    let mut texts = vec![summary(&document, options)];
    texts.extend(document.networks.iter().filter_map(|n| inspect::network(&document, &n.id, options)));
    for (_, format) in Format::ALL {
        if let Ok(bytes) = export(&document, format) {
            texts.push(String::from_utf8(bytes).expect("every format is text"));
        }
    }
    for text in &texts {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\r'), "a control character stands in it");
    }
    let _ = comparison::to_text(&comparison::follow(&document, &document));
});
