//! `mesh serve`: a live page of the mesh for browsers. It looks, and changes nothing but one key that reads.

mod look;
mod search;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use rand::{RngExt as _, distr::Alphanumeric, rand_core::UnwrapErr, rngs::SysRng};
use tokio::sync::{mpsc, watch};

use self::{look::Looker, search::Searcher};
use super::ended;
use crate::{
    cli::{PageArgs, ServeArgs},
    console::Console,
    error::{Error, Exit},
    mesh::shell_word::file_word,
    page::{Feed, Gate, Pace, Token},
    session::Place,
    world::{
        token_file,
        web::{Identity, Listening, Site},
    },
};

/// The letters of a token: 256 bits.
const LETTERS: usize = 43;
/// The letters by which one run is known from another.
const RUN: usize = 8;

pub async fn serve(args: &ServeArgs, place: Place, console: &Console) -> Result<Exit, Error> {
    let identity = identity(&args.page)?.map(|(certificate, key)| Identity::read(certificate, key)).transpose()?;
    let token = token(args, console)?;
    let secure = identity.is_some();
    let listening = Listening::begin(args.page.listen, identity).await?;
    let gate = Gate::new(listening.at, &args.page.san, secure, token);
    announce(args, &gate, console);

    let history = Arc::default();
    let (feed, follower) = watch::channel(Arc::new(Feed::new(letters(RUN))));
    let (searches, asked) = mpsc::channel(1);
    let site = Site { gate: Arc::new(gate), feed: follower, history: Arc::clone(&history), searches };
    let mut reader = Searcher::new(place.dir.clone());
    let mut looker = Looker::new(place, Pace { every: args.every }, history, console);
    tokio::select! {
        () = looker.look_on(&feed) => {}
        () = reader.answer_all(asked) => {}
        () = listening.serve(site) => {}
        () = ended() => {}
    }
    reader.end().await;
    Ok(Exit::Done)
}

/// The certificate and the key that others than this machine's users need to believe the page.
pub(super) fn identity(page: &PageArgs) -> Result<Option<(&Path, &Path)>, Error> {
    match (&page.tls_certificate, &page.tls_key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        _ if page.listen.ip().is_loopback() => Ok(None),
        _ => {
            let message =
                format!("{} is not only this machine's, and the token would pass unencrypted", page.listen.ip());
            Err(Error::new(Exit::Request, message).hint(
                "add `--tls-certificate FILE --tls-key FILE`; or listen on loopback, and type \
                 `ssh -L 9500:127.0.0.1:9500 HOST` on the other machine",
            ))
        }
    }
}

/// The token of this run. It is printed to a terminal and nowhere else: a journal, or a file of output, is read by
/// others.
fn token(args: &ServeArgs, console: &Console) -> Result<Token, Error> {
    let new = Token::new(&letters(LETTERS)).expect("should be letters");
    match &args.token_file {
        Some(path) => Ok(token_file::token(path, &new)?),
        None if console.is_on_terminal() => Ok(new),
        None => Err(Error::new(
            Exit::Request,
            "the token would be printed where others may read it: stdout is not a terminal",
        )
        .hint("`mesh serve --token-file FILE` keeps it in a file that only you can read")),
    }
}

fn announce(args: &ServeArgs, gate: &Gate, console: &Console) {
    match &args.token_file {
        None => console.line(&format!("the page is at {}", gate.address_with_token())),
        Some(path) => {
            console.line(&format!("the page is at {}", gate.address()));
            console.note(&format!(
                "open it once with the token: `echo \"{}?token=$(cat {})\"` prints the address",
                gate.address(),
                file_word(path)
            ));
        }
    }
    if console.is_on_terminal() {
        console.note("it goes on until Ctrl-C");
    }
}

fn letters(count: usize) -> String {
    UnwrapErr(SysRng).sample_iter(Alphanumeric).take(count).map(char::from).collect()
}

/// What the page shows of the past; shared with those who ask.
type Shared<T> = Arc<Mutex<T>>;
