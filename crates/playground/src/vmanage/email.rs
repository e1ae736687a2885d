//! `settings/configuration/emailNotificationSettings`: the one thing that can be changed here.

use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// How notifications are mailed. The fields' order is the order of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailSettings {
    enabled: bool,
    protocol: String,
    smtp_server: String,
    from_address: String,
    smtp_port: NonZeroU16,
    notification_use_smtp_authentication: bool,
    reply_to_address: String,
}

impl EmailSettings {
    /// Reads the body of a POST, whatever its content type says: `curl -d` calls JSON a form.
    ///
    /// One `=` may follow the JSON: the vendor's own example ends with one, as a form with a nameless
    /// value does.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut values = serde_json::Deserializer::from_slice(body).into_iter();
        let settings = match values.next() {
            Some(Ok(settings)) => settings,
            Some(Err(error)) => return Err(ApiError::bad_request(error.to_string())),
            None => {
                return Err(ApiError::bad_request("the body is empty; send the settings as JSON"));
            }
        };
        match body.get(values.byte_offset()..).unwrap_or_default().trim_ascii() {
            b"" | b"=" => Ok(settings),
            rest => Err(ApiError::bad_request(format!(
                "after the JSON there is `{}`; send the settings and nothing else",
                String::from_utf8_lossy(rest.get(..20).unwrap_or(rest)),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"enabled":true,"from_address":"test@mydomain.com","protocol":"smtp",
        "smtp_server":"a.com","smtp_port":25,"reply_to_address":"test@test.com",
        "notification_use_smtp_authentication":false}"#;

    #[test]
    fn bodies_that_are_taken() {
        for (row, body) in [
            ("as JSON", JSON.to_owned()),
            ("with the stray sign of the vendor's example", format!("{JSON}=")),
            ("with a newline at the end", format!("{JSON}\r\n")),
        ] {
            let settings = EmailSettings::parse(body.as_bytes()).expect(row);
            assert_eq!(settings.smtp_port.get(), 25, "{row}");
            assert_eq!(settings.from_address, "test@mydomain.com", "{row}");
        }
    }

    #[test]
    fn the_answer_keeps_the_documents_order_of_fields() {
        let settings = EmailSettings::parse(JSON.as_bytes()).unwrap();
        assert_eq!(
            serde_json::to_string(&settings).unwrap(),
            r#"{"enabled":true,"protocol":"smtp","smtp_server":"a.com","from_address":"test@mydomain.com","smtp_port":25,"notification_use_smtp_authentication":false,"reply_to_address":"test@test.com"}"#
        );
    }

    #[test]
    fn bodies_that_are_refused_say_why() {
        for (row, body, says) in [
            ("nothing", String::new(), "the body is empty"),
            ("no JSON", "enabled=true".to_owned(), "expected value"),
            ("cut off", JSON[..40].to_owned(), "EOF"),
            ("two signs", format!("{JSON}=="), "after the JSON there is `==`"),
            ("twice", format!("{JSON}{JSON}"), "after the JSON there is `{"),
            ("a list", format!("[{JSON}]"), "invalid"),
            ("unknown field", JSON.replace("protocol", "protokoll"), "unknown field `protokoll`"),
            (
                "field missing",
                JSON.replace(r#""protocol":"smtp","#, ""),
                "missing field `protocol`",
            ),
            ("port out of range", JSON.replace(":25", ":65536"), "65536"),
            ("port zero", JSON.replace(":25", ":0"), "nonzero"),
            ("wrong type", JSON.replace(":25", r#":"25""#), "invalid type"),
        ] {
            let error = EmailSettings::parse(body.as_bytes()).expect_err(row);
            assert!(format!("{error:?}").replace('\\', "").contains(says), "{row}: {error:?}");
        }
        assert!(EmailSettings::parse(&[0xff, 0xfe]).is_err(), "bytes that are no text");
    }
}
