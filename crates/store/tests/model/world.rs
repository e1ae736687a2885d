//! Two servers, two gateways, and everything that can happen to them.
//!
//! Requests, replies, replication and saving to disk happen in any order and at any moment; what
//! never happens again was lost. Faults happen at any moment too, but only so many, which makes the
//! state space finite.

use crate::protocol::{Data, Life, Rules};

/// Tickets that are issued at most, in any world.
const TICKETS: usize = 3;

/// Which servers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deployment {
    /// A primary and its replica, replicated asynchronously.
    Pair,
    /// Two nodes of a cluster between which the site's slot can be moved.
    Cluster,
}

/// Stands where an id would be that makes no difference. No state has as many.
const NOBODYS: u8 = 16;

/// What the numbers stand for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Run,
    Replid,
    Slots,
    Epoch,
}

/// What is explored.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) deployment: Deployment,
    pub(crate) rules: Rules,
    /// Tickets that are issued at most, in this one.
    pub(crate) tickets: usize,
    pub(crate) faults: Faults,
    /// A primary that restarts takes its old replication id from the snapshot. Redis does not; it
    /// keeps that as its secondary id.
    pub(crate) replid_restored: bool,
}

/// How many faults happen at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Faults {
    /// A server is killed.
    pub(crate) crashes: u8,
    /// A server is promoted or demoted, or takes the slot.
    pub(crate) switches: u8,
    /// A key or all of them vanish.
    pub(crate) losses: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) is_up: bool,
    pub(crate) is_primary: bool,
    /// In a cluster: answers for the site's slot.
    is_owner: bool,
    pub(crate) life: Life,
    pub(crate) data: Data,
    /// What a restart would find, and the replication id beside it.
    disk: (Data, u8),
}

/// A gateway's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Connection {
    server: usize,
    /// As the server said before the claim.
    life: Life,
    /// As the claim answered.
    epoch: Option<u8>,
    /// The ticket for which the script said "first", until the server has said its life again.
    unconfirmed: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    pub(crate) epoch: u8,
    pub(crate) serial: u8,
    /// How often it was accepted.
    pub(crate) accepted: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) servers: [Server; 2],
    gateways: [Option<Connection>; 2],
    pub(crate) tickets: [Option<Ticket>; TICKETS],
    left: Faults,
}

/// One step. The first number is the gateway that acts or the server to which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Connects to a server and asks for its life. A connection before breaks, with replies lost.
    Connect(usize, usize),
    Claim(usize),
    Reserve(usize),
    /// The script runs on the server. The reply has yet to come.
    Spend(usize, usize),
    /// The trailing INFO, and both replies.
    Confirm(usize),

    /// The replica gets everything that the other one has by now.
    Replicate(usize),
    /// A snapshot is taken, or the append-only file reaches the disk.
    Save(usize),

    Crash(usize),
    /// Starts from what was saved last, or else from nothing.
    Restart(usize, Found),
    Promote(usize),
    /// Becomes the other's replica. Its clients stay connected.
    Demote(usize),
    FlushAll(usize),
    /// Evicted; the same as a session that ended or a record that expired.
    LoseRecord(usize),
    LoseMeta(usize),
    /// The site's slot moves to this server.
    TakeSlot(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Saved,
    Nothing,
}

impl World {
    pub(crate) fn first_state(&self) -> State {
        let is_pair = self.deployment == Deployment::Pair;
        let server = |number: u8| Server {
            is_up: true,
            is_primary: number == 0 || !is_pair,
            is_owner: number == 0 || is_pair,
            life: Life { run: number, replid: if is_pair { 0 } else { number }, slots: number },
            data: Data::default(),
            disk: (Data::default(), number),
        };
        State {
            servers: [server(0), server(1)],
            gateways: [None; 2],
            tickets: [None; TICKETS],
            left: self.faults,
        }
    }

    pub(crate) fn steps(&self, state: &State, steps: &mut Vec<Action>) {
        for gateway in 0..2 {
            if state.gateways[gateway].is_some() {
                steps.extend([Action::Claim(gateway), Action::Reserve(gateway)]);
                steps.extend((0..TICKETS).map(|ticket| Action::Spend(gateway, ticket)));
                steps.push(Action::Confirm(gateway));
            }
            steps.extend((0..2).map(|server| Action::Connect(gateway, server)));
        }
        for server in 0..2 {
            steps.push(Action::Save(server));
            steps.extend([Found::Saved, Found::Nothing].map(|it| Action::Restart(server, it)));
            match self.deployment {
                Deployment::Pair => {
                    steps.extend([
                        Action::Replicate(server),
                        Action::Promote(server),
                        Action::Demote(server),
                    ]);
                }
                Deployment::Cluster => steps.push(Action::TakeSlot(server)),
            }
            steps.extend([
                Action::Crash(server),
                Action::FlushAll(server),
                Action::LoseRecord(server),
                Action::LoseMeta(server),
            ]);
        }
    }

    /// The state after a step; none if the step is not possible now.
    pub(crate) fn after(&self, state: &State, step: Action) -> Option<State> {
        let mut next = state.clone();
        match step {
            Action::Connect(gateway, server) => next.connect(gateway, server)?,
            Action::Claim(gateway) => next.claim(gateway, &self.rules)?,
            Action::Reserve(gateway) => next.reserve(gateway, self)?,
            Action::Spend(gateway, ticket) => next.spend(gateway, ticket, &self.rules)?,
            Action::Confirm(gateway) => next.confirm(gateway, &self.rules)?,
            Action::Replicate(server) => next.replicate(server)?,
            Action::Save(server) => next.up(server)?.save(),
            Action::Restart(server, found) => next.restart(server, found, self.replid_restored)?,
            fault => next.fault(fault)?,
        }
        next.merge(self);
        (next != *state).then_some(next)
    }
}

/// What gateways do.
impl State {
    fn connect(&mut self, gateway: usize, server: usize) -> Option<()> {
        let Server { life, .. } = *self.primary(server)?;
        self.gateways[gateway] = Some(Connection { server, life, epoch: None, unconfirmed: None });
        Some(())
    }

    fn claim(&mut self, gateway: usize, rules: &Rules) -> Option<()> {
        let Connection { server, life, .. } = self.gateways[gateway]?;
        let random = self.fresh(Kind::Epoch);
        let epoch = self.primary(server)?.data.claim(life, random, rules);
        self.gateways[gateway].as_mut()?.epoch = Some(epoch);
        Some(())
    }

    fn reserve(&mut self, gateway: usize, world: &World) -> Option<()> {
        let Connection { server, epoch, .. } = self.gateways[gateway]?;
        let free = self.tickets.iter().take(world.tickets).position(Option::is_none)?;
        let epoch = epoch?;
        let serial = self.primary(server)?.data.reserve(epoch, &world.rules)?;
        self.tickets[free] = Some(Ticket { epoch, serial, accepted: 0 });
        Some(())
    }

    fn spend(&mut self, gateway: usize, number: usize, rules: &Rules) -> Option<()> {
        let Connection { server, epoch, unconfirmed: None, .. } = self.gateways[gateway]? else {
            return None;
        };
        let ticket = self.tickets[number]?;
        let claimed = epoch?;
        if rules.own_epoch_only && claimed != ticket.epoch {
            return None;
        }
        let is_first = self.primary(server)?.data.spend(ticket.epoch, ticket.serial, rules);
        self.gateways[gateway].as_mut()?.unconfirmed = is_first.then_some(number);
        Some(())
    }

    fn confirm(&mut self, gateway: usize, rules: &Rules) -> Option<()> {
        let Connection { server, life, unconfirmed, .. } = self.gateways[gateway]?;
        let ticket = unconfirmed?;
        let Server { is_primary, life: now, .. } = *self.up(server)?;
        if rules.confirmed && !(is_primary && (rules.life)(now) == (rules.life)(life)) {
            self.gateways[gateway] = None;
            return Some(());
        }
        self.gateways[gateway].as_mut()?.unconfirmed = None;
        self.tickets[ticket].as_mut()?.accepted += 1;
        Some(())
    }
}

/// What servers do, and what happens to them.
impl State {
    fn replicate(&mut self, server: usize) -> Option<()> {
        let from = *self.primary(1 - server)?;
        let to = self.up(server).filter(|to| !to.is_primary)?;
        to.data = from.data;
        to.life.replid = from.life.replid;
        Some(())
    }

    fn restart(&mut self, server: usize, found: Found, replid_restored: bool) -> Option<()> {
        let fresh = Life {
            run: self.fresh(Kind::Run),
            replid: self.fresh(Kind::Replid),
            slots: self.servers[server].life.slots,
        };
        let server = &mut self.servers[server];
        if server.is_up {
            return None;
        }
        server.is_up = true;
        server.life = fresh;
        if found == Found::Saved {
            server.data = server.disk.0;
        }
        if found == Found::Saved && replid_restored {
            server.life.replid = server.disk.1;
        }
        Some(())
    }

    fn fault(&mut self, fault: Action) -> Option<()> {
        let left = match fault {
            Action::Crash(_) => &mut self.left.crashes,
            Action::Promote(_) | Action::Demote(_) | Action::TakeSlot(_) => &mut self.left.switches,
            _ => &mut self.left.losses,
        };
        *left = left.checked_sub(1)?;
        match fault {
            Action::Crash(server) => {
                let crashed = self.up(server)?;
                crashed.is_up = false;
                crashed.data = Data::default();
                for gateway in &mut self.gateways {
                    gateway.take_if(|connection| connection.server == server);
                }
            }
            Action::Promote(server) => {
                let replid = self.fresh(Kind::Replid);
                let replica = self.up(server).filter(|server| !server.is_primary)?;
                replica.is_primary = true;
                replica.life.replid = replid;
            }
            Action::Demote(server) => self.primary(server)?.is_primary = false,
            Action::FlushAll(server) => self.primary(server)?.data = Data::default(),
            Action::LoseRecord(server) => self.primary(server)?.data.record = None,
            Action::LoseMeta(server) => self.primary(server)?.data.meta = None,
            Action::TakeSlot(server) => {
                let slots = self.fresh(Kind::Slots);
                let data = std::mem::take(&mut self.primary(1 - server)?.data);
                self.servers[1 - server].is_owner = false;
                let taker = self.up(server)?;
                taker.is_owner = true;
                taker.data = data;
                taker.life.slots = slots;
            }
            _ => return None,
        }
        Some(())
    }

    fn up(&mut self, server: usize) -> Option<&mut Server> {
        Some(&mut self.servers[server]).filter(|server| server.is_up)
    }

    /// The server, if it would answer.
    fn primary(&mut self, server: usize) -> Option<&mut Server> {
        self.up(server).filter(|server| server.is_primary && server.is_owner)
    }
}

impl Server {
    fn save(&mut self) {
        self.disk = (self.data, self.life.replid);
    }
}

/// States that no later step could tell apart are one, or else there would be too many to visit.
impl State {
    fn merge(&mut self, world: &World) {
        for server in &mut self.servers {
            // What a server that is down or not the primary calls itself is never compared.
            if !server.is_up || !server.is_primary && !world.replid_restored {
                server.life.replid = NOBODYS;
            }
            if !server.is_up {
                server.life.run = NOBODYS;
            }
            if server.is_up && self.left.crashes == 0 {
                server.disk = (Data::default(), NOBODYS);
            }
            if !server.is_primary && self.left.switches == 0 {
                server.data = Data::default();
                server.disk = (Data::default(), NOBODYS);
            }
            if !world.replid_restored {
                server.disk.1 = NOBODYS;
            }
        }
        if self.gateways[0] < self.gateways[1] {
            self.gateways.swap(0, 1);
        }
        self.rename_ids();
    }

    /// Ids are random and only ever compared: they are numbered as they appear.
    fn rename_ids(&mut self) {
        let mut names = [[NOBODYS; NOBODYS as usize]; 4];
        let mut known = [0; 4];
        self.each_id(|kind, id| {
            let Some(name) = names[kind as usize].get_mut(usize::from(*id)) else { return };
            if *name == NOBODYS {
                *name = known[kind as usize];
                known[kind as usize] += 1;
            }
            *id = *name;
        });
    }

    fn fresh(&self, wanted: Kind) -> u8 {
        let mut fresh = 0;
        self.clone().each_id(|kind, id| {
            if kind == wanted && *id != NOBODYS {
                fresh = fresh.max(*id + 1);
            }
        });
        fresh
    }

    fn each_id(&mut self, mut see: impl FnMut(Kind, &mut u8)) {
        let see_life = |life: &mut Life, see: &mut dyn FnMut(Kind, &mut u8)| {
            see(Kind::Run, &mut life.run);
            see(Kind::Replid, &mut life.replid);
            see(Kind::Slots, &mut life.slots);
        };
        for server in &mut self.servers {
            see_life(&mut server.life, &mut see);
            see(Kind::Replid, &mut server.disk.1);
            for meta in [&mut server.data.meta, &mut server.disk.0.meta].into_iter().flatten() {
                see_life(&mut meta.life, &mut see);
                see(Kind::Epoch, &mut meta.epoch);
            }
        }
        for connection in self.gateways.iter_mut().flatten() {
            see_life(&mut connection.life, &mut see);
            connection.epoch.iter_mut().for_each(|epoch| see(Kind::Epoch, epoch));
        }
        for ticket in self.tickets.iter_mut().flatten() {
            see(Kind::Epoch, &mut ticket.epoch);
        }
    }
}
