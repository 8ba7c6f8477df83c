//! What the pattern of links that are down says: the shape is the diagnosis. Pure.

use super::matrix::{Mark, Matrix};

/// Links that are down for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// No link between servers that serve is up.
    Everything,
    /// A server that answers is out of the network: its row and its column.
    Cross(usize),
    /// A cluster that cannot be entered: its key, license, certificate or remote port.
    Column(usize),
    /// A cluster that cannot go out: its keystore, trust or remotes.
    Row(usize),
    /// One remote of one cluster.
    Cell(usize, usize),
}

/// Fewer cells are no line.
const LINE: usize = 2;

/// The shapes of all links that are not up between clusters that serve: what a server that does not serve explains is
/// no matter of links. Each link is in one shape.
pub fn shapes(matrix: &Matrix) -> Vec<Shape> {
    let mut left: Vec<(usize, usize, Mark)> =
        matrix.links().filter(|(from, to, _)| matrix.serves[*from] && matrix.serves[*to]).collect();
    if left.len() >= LINE && left.iter().all(|(_, _, mark)| mark.is_bad()) {
        return vec![Shape::Everything];
    }
    let mut found = Vec::new();
    let mut take = |shape: Shape, least: usize, is_in: &dyn Fn(usize, usize) -> bool| {
        let cells = left.iter().filter(|(from, to, _)| is_in(*from, *to));
        let (all, bad) = cells.fold((0, 0), |(all, bad), cell| (all + 1, bad + usize::from(cell.2.is_bad())));
        if bad >= least && bad == all {
            left.retain(|(from, to, _)| !is_in(*from, *to));
            found.push(shape);
        }
    };
    for at in 0..matrix.own {
        let both = |other: usize| matrix.mark(at, other).is_link() && matrix.mark(other, at).is_link();
        if (0..matrix.own).filter(|other| both(*other)).count() >= LINE {
            take(Shape::Cross(at), LINE, &|from, to| from == at || to == at);
        }
    }
    for at in 0..matrix.size() {
        take(Shape::Column(at), LINE, &|_, to| to == at);
    }
    for at in 0..matrix.own {
        take(Shape::Row(at), LINE, &|from, _| from == at);
    }
    found.extend(left.iter().filter(|(_, _, mark)| mark.is_bad()).map(|(from, to, _)| Shape::Cell(*from, *to)));
    found
}
