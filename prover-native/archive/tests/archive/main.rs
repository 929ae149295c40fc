//! Commitments to rows, and the encoding of archives: properties beside straightforward second implementations.

mod row_check;
mod rows;
