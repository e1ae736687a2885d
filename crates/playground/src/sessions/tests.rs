use std::time::Duration;

use countersign_tower::ManualClock;

use super::*;
use crate::passwords::Passwords;

const MINUTE: Duration = Duration::from_secs(60);

fn sessions(capacity: usize) -> (Sessions, ManualClock) {
    let db = Db::open(None, &Passwords::new().unwrap(), &[]).unwrap();
    let clock = ManualClock::at(Timestamp::from_secs(1_000_000));
    let limits = Limits { idle: 30 * MINUTE, absolute: 120 * MINUTE };
    let sessions = Sessions::new(db, Service::Voss, limits, Arc::new(clock.clone()));
    (Sessions { capacity, ..sessions }, clock)
}

async fn lives(sessions: &Sessions, session: &Session) -> bool {
    sessions.resume(session.id()).await.unwrap().is_some()
}

async fn rows(sessions: &Sessions) -> usize {
    sessions.db.call(|db| count(db, Service::Voss.name())).await.unwrap()
}

#[tokio::test]
async fn a_session_comes_back_with_its_user() {
    let (sessions, _) = sessions(100);
    for user in [None, Some("joe")] {
        let session = sessions.create(user).await.unwrap();
        let back = sessions.resume(session.id()).await.unwrap();
        assert_eq!(back.as_ref().map(Session::user), Some(user));
        assert_eq!(back, Some(session));
    }
}

#[tokio::test]
async fn ids_are_long_different_and_fit_a_cookie() {
    let (sessions, _) = sessions(100);
    let (one, two) = (sessions.create(None).await.unwrap(), sessions.create(None).await.unwrap());
    assert_ne!(one.id(), two.id());
    assert_eq!(one.id().len(), 32);
    assert!(one.id().bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[tokio::test]
async fn what_names_no_session() {
    let (mine, _) = sessions(100);
    let session = mine.create(Some("joe")).await.unwrap();
    let elsewhere = Sessions { service: Service::Tao, ..mine.clone() };
    assert!(!lives(&elsewhere, &session).await, "another service's");
    for id in ["", "0", "' OR 1=1 --", &session.id().to_uppercase(), &format!("{} ", session.id())]
    {
        if id != session.id() {
            assert_eq!(mine.resume(id).await.unwrap(), None, "{id:?}");
        }
    }
}

#[tokio::test]
async fn an_idle_session_ends_and_use_keeps_it_alive() {
    let (sessions, clock) = sessions(100);
    let used = sessions.create(None).await.unwrap();
    let idle = sessions.create(None).await.unwrap();
    clock.advance(29 * MINUTE);
    assert!(lives(&sessions, &used).await);
    clock.advance(MINUTE);
    assert!(lives(&sessions, &used).await);
    assert!(!lives(&sessions, &idle).await, "exactly at the limit it is over");
}

#[tokio::test]
async fn no_use_keeps_a_session_beyond_the_absolute_limit() {
    let (sessions, clock) = sessions(100);
    let session = sessions.create(None).await.unwrap();
    for _ in 0..5 {
        clock.advance(20 * MINUTE);
        assert!(lives(&sessions, &session).await);
    }
    clock.advance(20 * MINUTE);
    assert!(!lives(&sessions, &session).await);
}

#[tokio::test]
async fn renewing_kills_the_old_id() {
    let (sessions, _) = sessions(100);
    let planted = sessions.create(None).await.unwrap();
    let renewed = sessions.renew(&planted, Some("joe")).await.unwrap();
    assert_ne!(planted.id(), renewed.id());
    assert!(!lives(&sessions, &planted).await);
    let back = sessions.resume(renewed.id()).await.unwrap().unwrap();
    assert_eq!(back.user(), Some("joe"));
}

#[tokio::test]
async fn an_ended_session_is_gone_and_others_stay() {
    let (sessions, _) = sessions(100);
    let (one, two) = (sessions.create(None).await.unwrap(), sessions.create(None).await.unwrap());
    sessions.end(one.id()).await.unwrap();
    sessions.end(one.id()).await.unwrap();
    assert!(!lives(&sessions, &one).await);
    assert!(lives(&sessions, &two).await);
}

#[tokio::test]
async fn ids_are_not_in_the_database() {
    let (sessions, _) = sessions(100);
    let session = sessions.create(None).await.unwrap();
    let id = session.id().to_owned();
    let stored: Vec<Vec<u8>> = sessions
        .db
        .call(|db| {
            let mut statement = db.prepare("SELECT id_hash FROM sessions")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap();
    assert_eq!(stored, [Sha256::digest(id.as_bytes()).to_vec()]);
    assert!(!format!("{session:?}").contains(&id));
}

#[tokio::test]
async fn a_flood_of_strangers_logs_nobody_out() {
    let (sessions, clock) = sessions(10);
    let joe = sessions.create(Some("joe")).await.unwrap();
    clock.advance(MINUTE);
    let first = sessions.create(None).await.unwrap();
    clock.advance(MINUTE);
    for _ in 0..50 {
        sessions.create(None).await.unwrap();
        assert!(rows(&sessions).await <= 10);
    }
    assert!(lives(&sessions, &joe).await);
    assert!(!lives(&sessions, &first).await);
}

#[tokio::test]
async fn expired_sessions_make_room_first() {
    let (sessions, clock) = sessions(10);
    for _ in 0..9 {
        sessions.create(Some("joe")).await.unwrap();
    }
    clock.advance(31 * MINUTE);
    sessions.create(None).await.unwrap();
    assert_eq!(rows(&sessions).await, 1);
}
