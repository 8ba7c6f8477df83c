//! The kernel's routing socket: a question, and all of its answers. I/O: netlink.

use std::io;

use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
use netlink_packet_route::{RouteNetlinkMessage, link::LinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::net::if_::if_nametoindex;

/// Messages, and how far apart they start; see `netlink(3)`.
const ALIGNED_TO: usize = 4;

/// Asks or tells the kernel something. The kernel answers before it returns from being asked, so there is nothing to
/// wait for.
///
/// # Errors
/// The kernel refuses: with its own error number.
pub fn ask(message: RouteNetlinkMessage, flags: u16) -> io::Result<Vec<RouteNetlinkMessage>> {
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    let mut question = NetlinkMessage::new(header, NetlinkPayload::from(message));
    question.finalize();
    let mut bytes = vec![0; question.buffer_len()];
    question.serialize(&mut bytes);
    socket.send(&bytes, 0)?;

    let mut answers = Vec::new();
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        let mut rest = datagram.as_slice();
        while let Some(length) = length_of(rest) {
            let (bytes, after) = rest.split_at(length);
            rest = after.get(length.next_multiple_of(ALIGNED_TO) - length..).unwrap_or_default();
            // one that a newer kernel writes in another way is passed over
            let Ok(answer) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes) else { continue };
            match answer.payload {
                NetlinkPayload::InnerMessage(answer) => answers.push(answer),
                NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
                NetlinkPayload::Error(_) | NetlinkPayload::Done(_) => return Ok(answers),
                _ => {}
            }
        }
        if flags & NLM_F_DUMP != NLM_F_DUMP {
            return Ok(answers);
        }
    }
}

/// Removes an interface; root's to do.
pub fn remove_interface(name: &str) -> io::Result<()> {
    let mut message = LinkMessage::default();
    message.header.index = if_nametoindex(name)?;
    ask(RouteNetlinkMessage::DelLink(message), NLM_F_ACK).map(drop)
}

/// The length of the message that these bytes begin with, as its header tells.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let length = u32::from_ne_bytes(bytes.first_chunk().copied()?) as usize;
    (1..=bytes.len()).contains(&length).then_some(length)
}
