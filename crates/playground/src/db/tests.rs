use super::*;
use crate::passwords::Passwords;
use crate::service::Service;

const SEED: Seed = Seed {
    service: Service::Voss,
    tables: "CREATE TABLE IF NOT EXISTS extra (n INTEGER)",
    rows: |seeder| {
        seeder.permission("editor", "write")?;
        seeder.permission("editor", "read")?;
        seeder.permission("reader", "read")?;
        seeder.user(new("joe", "bloggs", &["reader", "editor"]))?;
        seeder.connection().execute("INSERT INTO extra (n) VALUES (1)", [])?;
        Ok(())
    },
};

fn new(name: &str, password: &str, roles: &[&str]) -> NewUser {
    NewUser {
        name: name.to_owned(),
        password: password.to_owned(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        ..NewUser::default()
    }
}

fn open(folder: Option<&Path>) -> (Users, Db) {
    let passwords = Passwords::new().unwrap();
    let db = Db::open(folder, &passwords, &[SEED]).unwrap();
    (Users::new(db.clone(), passwords, Service::Voss), db)
}

#[tokio::test]
async fn a_kept_database_is_seeded_once_and_remembers() {
    let folder = tempfile::tempdir().unwrap();
    let (users, db) = open(Some(folder.path()));
    users.create(new("ann", "secret", &[])).await.unwrap();
    assert!(users.remove("joe").await.unwrap());
    drop((users, db));

    let (users, db) = open(Some(folder.path()));
    assert!(users.authenticate("ann", "secret").await.unwrap().is_some());
    assert_eq!(users.find("joe").await.unwrap(), None, "the seed came back");
    let count = "SELECT count(*) FROM extra";
    let rows: i64 = db.call(|db| Ok(db.query_row(count, [], |row| row.get(0))?)).await.unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_temporary_database_is_gone_at_the_end() {
    let (users, db) = open(None);
    let path: String = db.call(|db| Ok(db.path().unwrap_or_default().to_owned())).await.unwrap();
    assert!(Path::new(&path).exists());
    drop((users, db));
    assert!(!Path::new(&path).exists());
    assert!(!Path::new(&path).parent().unwrap().exists());
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Db::open(Some(file.path()), &Passwords::new().unwrap(), &[]).unwrap_err();
    let folder = file.path().display().to_string();
    assert!(error.to_string().starts_with(&format!("`--data {folder}`: ")), "{error}");
}

#[test]
fn a_file_that_is_no_database_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE_NAME), "not a database, but long enough to be read")
        .unwrap();
    let opened = Db::open(Some(folder.path()), &Passwords::new().unwrap(), &[]);
    assert!(matches!(opened, Err(DbError::Sqlite(_))));
}

#[tokio::test]
async fn who_can_log_in() {
    let (users, db) = open(None);
    users.create(new("off", "secret", &[])).await.unwrap();
    let mut off = users.find("off").await.unwrap().unwrap();
    off.enabled = false;
    assert!(users.update(off).await.unwrap());
    let elsewhere = Users::new(db, Passwords::new().unwrap(), Service::Tao);
    for (row, users, name, password, expected) in [
        ("right", &users, "joe", "bloggs", true),
        ("wrong password", &users, "joe", "blogg", false),
        ("names are case-sensitive", &users, "Joe", "bloggs", false),
        ("no such user", &users, "jo", "bloggs", false),
        ("a quote is only a letter", &users, "joe' OR '1'='1", "bloggs", false),
        ("disabled", &users, "off", "secret", false),
        ("a user of another service", &elsewhere, "joe", "bloggs", false),
    ] {
        let user = users.authenticate(name, password).await.unwrap();
        assert_eq!(user.is_some(), expected, "{row}");
    }
}

#[tokio::test]
async fn a_name_is_given_once() {
    let (users, _) = open(None);
    let error = users.create(new("joe", "other", &[])).await.unwrap_err();
    assert!(matches!(&error, CreateUserError::NameTaken(name) if name == "joe"), "{error}");
    assert!(users.authenticate("joe", "bloggs").await.unwrap().is_some());
}

#[tokio::test]
async fn roles_give_permissions_once_each() {
    let (users, _) = open(None);
    let joe = users.find("joe").await.unwrap().unwrap();
    assert_eq!(joe.roles, ["editor", "reader"]);
    assert_eq!(users.permissions(&joe).await.unwrap(), ["read", "write"]);
    let ann = users.create(new("ann", "secret", &[])).await.unwrap();
    assert_eq!(users.permissions(&ann).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_user_can_be_changed_and_removed() {
    let (users, _) = open(None);
    let mut joe = users.find("joe").await.unwrap().unwrap();
    joe.roles = vec!["reader".to_owned()];
    joe.details.insert("email".to_owned(), "joe@example.com".into());
    assert!(users.update(joe.clone()).await.unwrap());
    assert_eq!(users.find_by_id(&joe.id).await.unwrap(), Some(joe.clone()));
    assert_eq!(users.all().await.unwrap(), [joe.clone()]);
    assert!(users.remove("joe").await.unwrap());
    assert!(!users.remove("joe").await.unwrap());
    assert!(!users.update(joe).await.unwrap());
}

#[tokio::test]
async fn passwords_are_not_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (users, db) = open(Some(folder.path()));
    users.create(new("ann", "correct horse battery staple", &[])).await.unwrap();
    drop((users, db));
    let file = std::fs::read(folder.path().join(FILE_NAME)).unwrap();
    let contains = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(contains("$argon2id$"));
    assert!(!contains("correct horse battery staple"));
}
