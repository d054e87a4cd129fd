//! The command line of stillhunt. The library half is in `lib.rs`; the main job is not wired up yet.

fn main() -> std::process::ExitCode {
    eprintln!("stillhunt: no command is built into this version yet; see CHANGELOG.md");
    std::process::ExitCode::from(2)
}
