//! `mesh load` that ends early: what is sent nevertheless, and what is named as the cause.

use super::{CREATED, PRESENT, REJECTED, UNPARSED, answer};
use crate::fixture::Fixture;

#[test]
fn what_is_before_a_bad_line_is_loaded_though_the_server_puts_it_off() {
    let fixture = Fixture::new(76, "password");
    let file = fixture.file("a.ndjson", b"{\"n\":1}\n{\"n\":\"x\"}\n{\"n\":3}\n{\"n\":\n");
    let file = file.to_str().unwrap();
    let server = fixture.serve(
        1,
        &[
            (200, ""),
            (200, answer(&[REJECTED, CREATED, CREATED])),
            (503, r#"{"error":{"type":"unavailable","reason":"booting"}}"#),
            (200, answer(&[CREATED])),
            (200, "{}"),
        ],
    );
    let printed = fixture.load(&["1", file]);
    assert!(printed.contains(" mesh-a 3 3 0 1 "), "{printed}");
    assert!(printed.starts_with("exit 2") && printed.contains("error: /mesh/a.ndjson, line 4: "), "{printed}");
    server.join().unwrap();
    // what is behind it is not sent again
    let server = fixture.serve(1, &[(200, ""), (200, answer(&[PRESENT, UNPARSED, REJECTED]))]);
    let printed = fixture.load(&["1", file]);
    assert!(printed.starts_with("exit 2") && printed.contains("error: /mesh/a.ndjson, line 2: "), "{printed}");
    server.join().unwrap();
}
