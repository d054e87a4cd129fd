//! Ctrl-C: the run says how far it was and leaves nothing behind.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stillhunt::document::visible::visible;

/// Where a run is, in words; `None` once its output is in place.
#[derive(Clone, Default)]
pub struct Stage(Arc<Mutex<Option<String>>>);

impl Stage {
    /// The stage of a run that tells of it when it is interrupted. What is being written then is finished first; whoever does not want
    /// to wait for that interrupts again.
    pub fn watched() -> io::Result<Self> {
        let stage = Self::default();
        stage.enter("starting".to_owned());
        #[cfg(unix)]
        watch(stage.clone())?;
        Ok(stage)
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run goes on to something else.
    pub fn enter(&self, doing: String) {
        *self.lock() = Some(doing);
    }

    /// Writes the output: no interruption comes between.
    pub fn write<T>(&self, write: impl FnOnce() -> T) -> T {
        let mut doing = self.lock();
        let written = write();
        *doing = None;
        written
    }
}

/// Its number on x86 and ARM.
#[cfg(target_os = "linux")]
const SIGXFSZ: std::ffi::c_int = 25;

/// Exit status of a run that a signal ended: 128 and the signal, as shells count.
#[cfg(unix)]
fn watch(stage: Stage) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use std::sync::atomic::{AtomicBool, Ordering};
    let again = Arc::new(AtomicBool::new(false));
    // A file beyond `ulimit -f` ends the program unless somebody listens; then writing fails, and that is told.
    #[cfg(target_os = "linux")]
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
    }
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        let Some(signal) = signals.forever().next() else { return };
        again.store(true, Ordering::Relaxed);
        let doing = stage.lock();
        if let Some(doing) = doing.as_deref() {
            let mut stderr = anstream::stderr();
            let line = if io::stderr().is_terminal() { "\n" } else { "" };
            let _ = writeln!(stderr, "{line}stillhunt: interrupted while {}; nothing was written", visible(doing));
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}
