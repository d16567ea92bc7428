//! One HTTP connection, kept open: as much of the protocol as an answer of our edge needs.
//!
//! Owns reading a status and a body of a stated length. It never parses JSON.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Longer than any answer.
const ANSWER_BYTES: usize = 16 * 1024;

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            buffer: vec![0; ANSWER_BYTES],
        })
    }

    /// Sends a request and reads its answer: the body of a 200.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<&[u8]> {
        self.stream.write_all(request).await?;
        let mut read = 0;
        loop {
            let more = self.stream.read(&mut self.buffer[read..]).await?;
            if more == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            read += more;
            if let Some((from, to)) = body(&self.buffer[..read])? {
                return Ok(&self.buffer[from..to]);
            }
        }
    }
}

/// Where the body stands, once all of it is there.
fn body(read: &[u8]) -> io::Result<Option<(usize, usize)>> {
    let Some(head) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let text = std::str::from_utf8(&read[..head]).map_err(|_| wrong("a head that is no text"))?;
    if !text.starts_with("HTTP/1.1 200") {
        return Err(wrong(text));
    }
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let from = head + 4;
    let to = from + length.ok_or_else(|| wrong("no content-length"))?;
    Ok((read.len() >= to).then_some((from, to)))
}
