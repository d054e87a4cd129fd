//! Templates for HTML and XML. One formatter stands between every value and the output: characters that act are spelt
//! out and markup is escaped, whatever a template says; only constants of this program pass as they are.

use super::escape::visible;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, UndefinedBehavior};
use serde::Serialize;

/// Text as it may stand between tags and in quoted attributes of HTML and XML.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No character of XML 1.0.
            '\u{fffe}' | '\u{ffff}' => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Fills the first of the templates, each a name with its source, with `values`.
///
/// # Errors
/// When a template is wrong: it names what is not there.
pub fn fill<T: Serialize>(templates: &[(&'static str, &'static str)], values: T) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_formatter(|out, _, value: &Value| {
        let written = match value.as_str() {
            Some(text) if value.is_safe() => out.write_str(text),
            Some(text) => out.write_str(&markup(text)),
            None if value.is_none() => Ok(()),
            None if value.is_undefined() => return Err(minijinja::ErrorKind::UndefinedError.into()),
            None => out.write_str(&markup(&value.to_string())),
        };
        written.map_err(Error::from)
    });
    for (name, source) in templates {
        environment.add_template(name, source)?;
    }
    environment.get_template(templates[0].0)?.render(Value::from(Serde(values)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_undefined_name_is_an_error_and_no_gap() {
        assert!(fill(&[("t", "{{ nothing }}")], ()).is_err());
    }

    proptest! {
        #[test]
        fn no_value_opens_a_tag_or_ends_an_attribute(text in any::<String>()) {
            let out = fill(&[("t.html", "{{ v }}")], std::collections::BTreeMap::from([("v", &text)])).unwrap();
            prop_assert!(!out.contains(['<', '>', '"', '\'']));
            prop_assert!(!out.chars().any(crate::document::visible::acts));
        }
    }
}
