//! The file of `mesh bundle`: written on one machine, loaded on another. I/O: disk, Docker.

mod load;
mod save;

pub use self::{
    load::{Arrived, load_images, push_images},
    save::{begin, pull_missing, save},
};
