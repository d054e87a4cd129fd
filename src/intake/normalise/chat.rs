//! Chat messages in the dialects of those who log them: which turn is whose, and its text.

use super::json::{is_shallow, member, scalar};
use sonic_rs::{JsonValueTrait, to_array_iter};
use std::borrow::Cow;

/// Who speaks as the user, under the names of OpenAI and LangChain.
pub(super) const USER: [&str; 2] = ["user", "human"];
/// Who speaks as the model, under the names of OpenAI, Google and LangChain.
pub(super) const MODEL: [&str; 3] = ["assistant", "model", "ai"];
const SYSTEM: [&str; 2] = ["system", "developer"];
/// Classes of LangChain, as their serialised form names them, and who speaks.
const CLASSES: [(&str, &str); 3] = [("HumanMessage", "user"), ("AIMessage", "assistant"), ("SystemMessage", "system")];
/// Members under which a request has its messages: most vendors, and Google.
const LISTS: [&str; 2] = ["messages", "contents"];
/// Kinds of the parts of a message, under which an array may be a text in parts.
const PARTS: [&str; 6] = ["text", "input_text", "image", "image_url", "input_image", "document"];

/// Whether this is a list of chat messages, or a request that has one.
pub(crate) fn is_messages(text: &str) -> bool {
    messages(text).is_some()
}

/// The list of messages: bare, within a list of lists (LangSmith), or under a usual name of a request.
fn messages(text: &str) -> Option<Cow<'_, str>> {
    let any = |needles: &[&str]| needles.iter().any(|n| memchr::memmem::find(text.as_bytes(), n.as_bytes()).is_some());
    match text.as_bytes().first()? {
        b'[' if any(&["role\"", "\"type\""]) && is_shallow(text) => {
            let mut spoken = false;
            for (place, element) in to_array_iter(text).enumerate() {
                let element = element.ok()?;
                let raw = element.as_raw_cow();
                if place == 0 && element.is_array() {
                    return messages(&raw).map(|inner| Cow::Owned(inner.into_owned()));
                }
                spoken = spoken || element.is_object() && role(&raw).is_some();
            }
            spoken.then_some(Cow::Borrowed(text))
        }
        b'{' if any(&["\"messages\"", "\"contents\""]) && is_shallow(text) => {
            let list =
                LISTS.iter().find_map(|name| member(text, name).ok().flatten().filter(|l| l.starts_with('[')))?;
            messages(&list).map(|inner| Cow::Owned(inner.into_owned()))
        }
        _ => None,
    }
}

/// Whose a message is: by its `role`, that of the message inside it (OpenInference), its `type`, or the name of its class
/// (LangChain).
fn role(message: &str) -> Option<Cow<'_, str>> {
    let inside = || {
        let inner = member(message, "message").ok().flatten().filter(|inner| inner.starts_with('{'))?;
        said(&inner, "role").map(|role| Cow::Owned(role.into_owned()))
    };
    let known = |kind: &Cow<'_, str>| [&USER[..], &MODEL, &SYSTEM].iter().any(|roles| roles.contains(&kind.as_ref()));
    let class = || {
        let class = member(message, "id").ok().flatten()?;
        CLASSES.iter().find(|(name, _)| class.contains(name)).map(|(_, role)| Cow::Borrowed(*role))
    };
    let named = said(message, "role").or_else(|| said(message, "message.role"));
    named.or_else(inside).or_else(|| said(message, "type").filter(known)).or_else(class)
}

/// What an object says under a name, as text.
fn said<'a>(object: &'a str, name: &str) -> Option<Cow<'a, str>> {
    member(object, name).ok().flatten().and_then(scalar)
}

/// The text of the last user turn, if these are chat messages that have one. Results of tools that are sent in the user's name
/// are none.
pub(crate) fn last_user_turn(text: &str) -> Option<String> {
    last_turn(text, &USER)
}

/// The text of the last message of one of these roles.
pub(crate) fn last_turn(text: &str, roles: &[&str]) -> Option<String> {
    turns(&messages(text)?, roles)?.pop()
}

/// The texts of the system's messages, one below the other, and before them what a request says to the system beside them.
pub(crate) fn system_turns(text: &str) -> Option<String> {
    let beside = ["system", "systemInstruction", "system_instruction"].iter().filter(|_| text.starts_with('{'));
    let list = messages(text)?;
    let mut said: Vec<String> = beside.filter_map(|key| content_text(&member(text, key).ok().flatten()?)).collect();
    said.extend(turns(&list, &SYSTEM)?);
    (!said.is_empty()).then(|| said.join("\n"))
}

fn turns(list: &str, roles: &[&str]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for message in to_array_iter(list) {
        let message = message.ok()?;
        if !message.is_object() {
            return None;
        }
        let raw = message.as_raw_cow();
        if role(&raw).is_some_and(|role| roles.contains(&role.as_ref())) {
            found.extend(content_text(&raw));
        }
    }
    Some(found)
}

/// Text of a string, of text parts, or of an object that has them under a usual name.
pub(crate) fn content_text(raw: &str) -> Option<String> {
    if is_shallow(raw) { content_text_within(raw, 8) } else { None }
}

/// `depth` more levels are looked into: whoever nests deeper does not want to be read.
fn content_text_within(raw: &str, depth: u8) -> Option<String> {
    const NAMES: [&str; 7] = ["content", "parts", "text", "message.content", "message", "kwargs", "data"];
    let depth = depth.checked_sub(1)?;
    let raw = raw.trim();
    match raw.as_bytes().first()? {
        b'"' => scalar(Cow::Borrowed(raw)).map(Cow::into_owned),
        b'[' => {
            let parts: Vec<String> = to_array_iter(raw)
                .flatten()
                .filter_map(|part| content_text_within(&part.as_raw_cow(), depth))
                .collect();
            (!parts.is_empty()).then(|| parts.join("\n"))
        }
        // What a tool gave back is nobody's words.
        b'{' if said(raw, "type").as_deref() == Some("tool_result") => None,
        b'{' => NAMES.iter().find_map(|key| content_text_within(&member(raw, key).ok()??, depth)),
        _ if raw == "null" => None,
        _ => Some(raw.to_owned()),
    }
}

/// The text of JSON parts; any other text as it stands.
pub(crate) fn unquoted(said: &str) -> String {
    let json = said.starts_with(['[', '{']);
    json.then(|| content_text(said)).flatten().unwrap_or_else(|| said.to_owned())
}

/// The text of an array of parts of one message; `None` for anything else, JSON that somebody asks about among it.
fn parts(text: &str) -> Option<String> {
    if !text.starts_with('[') || memchr::memmem::find(text.as_bytes(), b"\"type\"").is_none() || !is_shallow(text) {
        return None;
    }
    let is_part =
        |raw: &str| raw.starts_with('{') && said(raw, "type").is_some_and(|kind| PARTS.contains(&kind.as_ref()));
    let all = to_array_iter(text).all(|part| part.is_ok_and(|part| is_part(&part.as_raw_cow())));
    if all { content_text(text) } else { None }
}

/// What the user says in the end: of chat messages the last user turn, if there is one, of a text in parts the text, and
/// anything else as it stands.
pub(crate) fn user_text(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    if !text.starts_with(['[', '{']) {
        return Some(text);
    }
    if let Some(list) = messages(&text) {
        return turns(&list, &USER)?.pop().map(Cow::Owned);
    }
    Some(parts(&text).map_or(text, Cow::Owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_every_dialect_are_read() {
        for text in [
            r#"[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a"}]"#,
            r#"[{"type":"system","content":"s"},{"type":"human","content":"u"},{"type":"ai","content":"a"}]"#,
            r#"[{"type":"system","data":{"content":"s"}},{"type":"human","data":{"content":"u"}},{"type":"ai","data":{"content":"a"}}]"#,
            r#"[[{"lc":1,"type":"constructor","id":["langchain","schema","messages","SystemMessage"],"kwargs":{"content":"s"}},
                {"lc":1,"type":"constructor","id":["langchain","schema","messages","HumanMessage"],"kwargs":{"content":"u"}},
                {"lc":1,"type":"constructor","id":["langchain","schema","messages","AIMessage"],"kwargs":{"content":"a"}}]]"#,
            r#"[{"message":{"role":"system","content":"s"}},{"message":{"role":"user","content":"u"}},{"message":{"role":"assistant","content":"a"}}]"#,
            r#"[{"message.role":"system","message.content":"s"},{"message.role":"user","message.content":"u"},{"message.role":"assistant","message.content":"a"}]"#,
            r#"{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}"#,
            r#"{"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}"#,
            r#"{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":[{"text":"u"}]},{"role":"model","parts":[{"text":"a"}]}]}"#,
        ] {
            assert_eq!(last_user_turn(text).as_deref(), Some("u"), "{text}");
            assert_eq!(user_text(text.into()).as_deref(), Some("u"), "{text}");
            assert_eq!(system_turns(text).as_deref(), Some("s"), "{text}");
            assert_eq!(last_turn(text, &MODEL).as_deref(), Some("a"), "{text}");
        }
    }

    #[test]
    fn the_last_of_several_turns_is_meant() {
        let text = r#"[{"role":"user","content":"one"},{"role":"user","content":[{"type":"text","text":"t\no"}]},{"role":"assistant","content":"x"}]"#;
        assert_eq!(last_user_turn(text).as_deref(), Some("t\no"));
        assert_eq!(last_user_turn(r#"["role"]"#), None);
    }

    #[test]
    fn what_a_tool_gave_back_was_taken_for_the_users_words() {
        let text = r#"[{"role":"user","content":"how many?"},{"role":"assistant","content":[{"type":"tool_use","id":"t"}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"42"}]}]"#;
        assert_eq!(last_user_turn(text).as_deref(), Some("how many?"));
    }

    #[test]
    fn json_that_somebody_asks_about_is_their_text() {
        for text in [
            r#"[{"type":"object","properties":{"text":{"type":"string"}}}]"#,
            r#"{"text":"fix this","content":"x"}"#,
            r#"{"messages":"none"}"#,
            r#"[1, 2, "type"]"#,
            "[Task] write a poem with the word \"type\"",
        ] {
            assert_eq!(user_text(text.into()).as_deref(), Some(text));
        }
        assert_eq!(
            user_text(r#"[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}}]"#.into()).as_deref(),
            Some("a")
        );
        assert_eq!(user_text(r#"[{"role":"assistant","content":"x"}]"#.into()), None);
    }

    #[test]
    fn what_is_nested_without_end_is_not_read() {
        let bomb = "[".repeat(1_000_000);
        assert_eq!(last_user_turn(&format!("[{{\"role\":\"user\",\"content\":{bomb}")), None);
        assert_eq!(content_text(&bomb), None);
        let deep = format!("{}{{\"role\":\"user\",\"content\":\"u\"}}{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(last_user_turn(&deep).as_deref(), Some("u"));
    }
}
