//! The fencing protocol of the Redis store, explored: whatever crashes, is promoted, forgets or
//! comes back, no ticket is accepted twice. docs/stores.md describes the protocol and its bounds.
//!
//! The second half leaves out one part of the protocol at a time and expects the counter-example,
//! so that no part is there by habit and the model is known to be able to fail.
#![expect(clippy::indexing_slicing, reason = "this is a test; a panic is its verdict")]

mod protocol;
mod world;

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model, Property};

use protocol::{Life, Rules};
use world::{Action, Deployment, Faults, Server, State, Ticket, World};

const ONCE: &str = "no ticket is accepted twice";

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![self.first_state()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.steps(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        self.after(state, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(ONCE, |_, state| tickets(state).all(|ticket| ticket.accepted <= 1)),
            Property::sometimes("two tickets of one epoch are accepted", |_, state| {
                both_accepted(state).is_some_and(|[one, two]| one.epoch == two.epoch)
            }),
            Property::sometimes("a ticket of a new epoch is accepted", |_, state| {
                both_accepted(state).is_some_and(|[one, two]| one.epoch != two.epoch)
            }),
            Property::sometimes(
                "the other server has taken over and accepts",
                |_, state: &State| accepts(&state.servers[1], state),
            ),
            Property::sometimes("a primary has lost the mark of an accepted ticket", |_, state| {
                tickets(state).any(|ticket| {
                    ticket.accepted == 1
                        && state.servers.iter().any(|server| {
                            server.is_primary
                                && server.data.meta.is_some_and(|meta| meta.epoch == ticket.epoch)
                                && !server.data.remembers(ticket.serial)
                        })
                })
            }),
        ];
        if self.deployment == Deployment::Pair {
            properties
                .push(Property::sometimes("both accept, each its own", |_, state: &State| {
                    state.servers.iter().all(|server| accepts(server, state))
                }));
        }
        properties
    }
}

fn tickets(state: &State) -> impl Iterator<Item = &Ticket> {
    state.tickets.iter().flatten()
}

/// A ticket was accepted in the present life of this server.
fn accepts(server: &Server, state: &State) -> bool {
    server.is_up
        && server.is_primary
        && server.data.meta.is_some_and(|meta| {
            meta.life == server.life
                && tickets(state).any(|it| it.epoch == meta.epoch && it.accepted == 1)
        })
}

fn both_accepted(state: &State) -> Option<[Ticket; 2]> {
    let [Some(one), Some(two), _] = state.tickets else { return None };
    (one.accepted == 1 && two.accepted == 1).then_some([one, two])
}

/// Explores everything. Every `sometimes` must be found, and nothing that breaks the `always`.
fn holds(world: World) {
    let began = Instant::now();
    let checker = world.checker().threads(2).spawn_bfs().join();
    println!(
        "{:?}, {:?}: {} states, {:.1} s",
        checker.model().deployment,
        checker.model().faults,
        checker.unique_state_count(),
        began.elapsed().as_secs_f32()
    );
    checker.assert_properties();
}

/// Finds the shortest way in which a ticket is accepted twice.
fn breaks(world: World) {
    let checker =
        world.checker().finish_when(HasDiscoveries::AllOf([ONCE].into())).spawn_bfs().join();
    println!("{} states", checker.unique_state_count());
    let path = checker.assert_any_discovery(ONCE);
    for action in path.into_actions() {
        println!("  {action:?}");
    }
}

const fn pair(rules: Rules, faults: Faults) -> World {
    World { deployment: Deployment::Pair, rules, tickets: 2, faults, replid_restored: false }
}

const fn cluster(rules: Rules, faults: Faults) -> World {
    World { deployment: Deployment::Cluster, ..pair(rules, faults) }
}

const fn faults(crashes: u8, switches: u8, losses: u8) -> Faults {
    Faults { crashes, switches, losses }
}

const WITHOUT_RUN_ID: fn(Life) -> Life = |life| Life { run: 0, ..life };
const WITHOUT_REPLICATION_ID: fn(Life) -> Life = |life| Life { replid: 0, ..life };
const WITHOUT_CLUSTER_EPOCH: fn(Life) -> Life = |life| Life { slots: 0, ..life };

mod whole {
    use super::*;

    #[test]
    fn a_fail_over_a_crash_and_a_loss() {
        holds(pair(Rules::WHOLE, faults(1, 1, 1)));
    }

    #[test]
    fn there_and_back_again() {
        holds(pair(Rules::WHOLE, faults(0, 3, 1)));
    }

    #[test]
    fn two_crashes_and_a_fail_over() {
        holds(pair(Rules::WHOLE, faults(2, 2, 0)));
    }

    #[test]
    fn three_tickets() {
        holds(World { tickets: 3, ..pair(Rules::WHOLE, faults(0, 1, 1)) });
    }

    #[test]
    fn a_slot_that_moves() {
        holds(cluster(Rules::WHOLE, faults(1, 4, 0)));
    }

    #[test]
    fn a_primary_that_takes_its_old_replication_id_back() {
        holds(World { replid_restored: true, ..pair(Rules::WHOLE, faults(1, 2, 0)) });
    }

    /// Minutes instead of seconds.
    #[test]
    #[ignore = "takes minutes"]
    fn deeper() {
        for (crashes, switches, losses) in [(1, 2, 1), (0, 4, 1), (1, 3, 0)] {
            holds(pair(Rules::WHOLE, faults(crashes, switches, losses)));
        }
        holds(World { tickets: 3, ..pair(Rules::WHOLE, faults(0, 1, 2)) });
        holds(cluster(Rules::WHOLE, faults(2, 3, 1)));
    }
}

/// Parts that are a second lock on the same door: without one of them the other still holds.
mod still_holds_without {
    use super::*;

    #[test]
    fn the_run_id_where_a_restart_changes_the_replication_id() {
        let rules = Rules { life: WITHOUT_RUN_ID, ..Rules::WHOLE };
        holds(pair(rules, faults(1, 2, 0)));
    }

    #[test]
    fn the_connections_own_epoch_where_the_life_has_the_cluster_epoch() {
        let rules = Rules { own_epoch_only: false, ..Rules::WHOLE };
        holds(pair(rules, faults(1, 2, 0)));
        holds(cluster(rules, faults(1, 3, 0)));
    }
}

mod breaks_without {
    use super::*;

    #[test]
    fn the_epoch_in_the_script() {
        let rules = Rules { epoch_checked: false, own_epoch_only: false, ..Rules::WHOLE };
        breaks(pair(rules, faults(0, 0, 1)));
    }

    #[test]
    fn an_epoch_for_each_life() {
        let rules = Rules { epoch_per_life: false, ..Rules::WHOLE };
        breaks(pair(rules, faults(1, 0, 0)));
        breaks(pair(rules, faults(0, 1, 0)));
    }

    #[test]
    fn the_replication_id_in_the_life() {
        let rules = Rules { life: WITHOUT_REPLICATION_ID, ..Rules::WHOLE };
        breaks(pair(rules, faults(0, 3, 0)));
    }

    #[test]
    fn the_run_id_in_the_life_where_a_restart_keeps_the_replication_id() {
        let rules = Rules { life: WITHOUT_RUN_ID, ..Rules::WHOLE };
        breaks(World { replid_restored: true, ..pair(rules, faults(1, 0, 0)) });
    }

    #[test]
    fn the_confirmation() {
        breaks(pair(Rules { confirmed: false, ..Rules::WHOLE }, faults(0, 3, 0)));
    }

    #[test]
    fn a_beginning_above_all_that_was_given_out() {
        breaks(pair(Rules { begins_at_high: false, ..Rules::WHOLE }, faults(0, 0, 1)));
    }

    #[test]
    fn high_raised_by_every_reservation() {
        let rules = Rules { high_covers: false, ..Rules::WHOLE };
        breaks(World { tickets: 3, ..pair(rules, faults(0, 0, 1)) });
    }

    #[test]
    fn the_cluster_epoch_in_the_life() {
        let rules = Rules { life: WITHOUT_CLUSTER_EPOCH, ..Rules::WHOLE };
        breaks(cluster(rules, faults(1, 4, 0)));
    }

    #[test]
    fn the_cluster_epoch_and_the_connections_own_epoch() {
        let rules = Rules { life: WITHOUT_CLUSTER_EPOCH, own_epoch_only: false, ..Rules::WHOLE };
        breaks(cluster(rules, faults(1, 3, 0)));
    }
}
