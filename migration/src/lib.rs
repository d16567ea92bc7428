//! The frozen history of the schema: one reversible step a file.
//!
//! Owns the shape of the tables and what the database itself refuses. A step that was released never
//! changes; the next one is added. Steps name tables and columns themselves and never import the
//! entities, which move on while history does not.
//!
//! Tables are written for SQLite and PostgreSQL alike; a step that differs says both.

mod account;
mod append_only;
mod catalog;
mod check;
mod operation;
mod payment;
mod refusal;
mod run;
mod usage;

pub use self::run::{SchemaProblem, bring_up_to_date, take_back};
pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::{MigrationTrait, async_trait};

/// All steps, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(account::Step),
            Box::new(catalog::Step),
            Box::new(operation::Step),
            Box::new(refusal::Step),
            Box::new(payment::Step),
            Box::new(usage::Step),
            Box::new(append_only::Step),
        ]
    }
}
