//! A proxy of the tests' own, between the service and the database server, which makes trouble on demand.
//!
//! Compiled into the tests of the store and into those of the service, which can't share a package.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// What goes wrong on the way to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// A connection is cut at its COMMIT, before the server gets it.
    CutBeforeCommit,
    /// It is cut at its COMMIT after the server got it, so that the answer is lost.
    CutAfterCommit,
    /// A connection that has something to pass on while it is so passes nothing on any more, in either
    /// direction, and stays open: it is half-open.
    Silent,
    /// Each packet to the server is held for so long.
    Slow(Duration),
}

/// A proxy, for as long as the process lives.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    trouble: Arc<Mutex<Trouble>>,
}

impl Proxy {
    /// Before the server on that port of this machine.
    pub fn before(server: u16, trouble: Trouble) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let trouble = Arc::new(Mutex::new(trouble));
        let proxy = Proxy {
            port,
            trouble: Arc::clone(&trouble),
        };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // One that finds no server is told by the end of its connection.
                if let Ok(server) = TcpStream::connect(("127.0.0.1", server)) {
                    join(client, server, &trouble);
                }
            }
        });
        proxy
    }

    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes that trouble from now on.
    pub fn make(&self, trouble: Trouble) {
        *lock(&self.trouble) = trouble;
    }
}

fn lock(trouble: &Mutex<Trouble>) -> MutexGuard<'_, Trouble> {
    trouble.lock().expect("nothing panics while it holds it")
}

/// One direction of a connection.
struct Way {
    from: TcpStream,
    to: TcpStream,
    to_server: bool,
    /// Of both directions.
    is_silent: Arc<AtomicBool>,
}

fn join(client: TcpStream, server: TcpStream, trouble: &Arc<Mutex<Trouble>>) {
    let (Ok(asking), Ok(answering)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    let is_silent = Arc::<AtomicBool>::default();
    for way in [
        Way {
            from: asking,
            to: server,
            to_server: true,
            is_silent: Arc::clone(&is_silent),
        },
        Way {
            from: answering,
            to: client,
            to_server: false,
            is_silent,
        },
    ] {
        let trouble = Arc::clone(trouble);
        thread::spawn(move || way.pass_on(&trouble));
    }
}

impl Way {
    fn pass_on(mut self, trouble: &Mutex<Trouble>) {
        let mut bytes = [0; 64 * 1024];
        while let Ok(count) = self.from.read(&mut bytes) {
            let trouble = *lock(trouble);
            if count == 0 || !self.pass(&bytes[..count], trouble) {
                break;
            }
        }
        // Either may be gone already.
        let _from = self.from.shutdown(Shutdown::Both);
        let _to = self.to.shutdown(Shutdown::Both);
    }

    /// Whether the connection goes on.
    fn pass(&mut self, bytes: &[u8], trouble: Trouble) -> bool {
        let commits = self.to_server && bytes.windows(6).any(|six| six == b"COMMIT");
        match trouble {
            Trouble::Silent => self.is_silent.store(true, Ordering::SeqCst),
            Trouble::CutBeforeCommit if commits => return false,
            Trouble::CutAfterCommit if commits => {
                let _gone = self.from.shutdown(Shutdown::Both);
                let _gone = self.to.write_all(bytes);
                // The other direction can't deliver the answer, and cuts the connection.
                let _answered = self.to.peek(&mut [0]);
                return false;
            }
            Trouble::Slow(held) if self.to_server => thread::sleep(held),
            Trouble::None
            | Trouble::CutBeforeCommit
            | Trouble::CutAfterCommit
            | Trouble::Slow(_) => {}
        }
        self.is_silent.load(Ordering::SeqCst) || self.to.write_all(bytes).is_ok()
    }
}
