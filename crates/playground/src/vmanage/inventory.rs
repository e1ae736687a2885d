//! A small demonstration network: what the device resources show.

use serde_json::{Value, json};

/// A device of the network.
struct Device {
    uuid: &'static str,
    host_name: &'static str,
    system_ip: &'static str,
    personality: &'static str,
    model: &'static str,
    site: &'static str,
    serial: &'static str,
    reachable: bool,
}

const EDGE: &str = "vedge";

const DEVICES: [Device; 5] = [
    Device {
        uuid: "5a5a2b8e-6c43-4d5c-9e41-0f5b7f4f2a01",
        host_name: "vmanage",
        system_ip: "10.10.1.1",
        personality: "vmanage",
        model: "vmanage",
        site: "101",
        serial: "12345701",
        reachable: true,
    },
    Device {
        uuid: "b4c1f0de-2a3f-4e0a-8f0b-6f2b7c9d1e02",
        host_name: "vsmart",
        system_ip: "10.10.1.5",
        personality: "vsmart",
        model: "vsmart",
        site: "101",
        serial: "12345702",
        reachable: true,
    },
    Device {
        uuid: "e7d9a6c3-91b2-4f7e-bb1c-5a4d3e2f1003",
        host_name: "vbond",
        system_ip: "10.10.1.3",
        personality: "vbond",
        model: "vedge-cloud",
        site: "101",
        serial: "12345703",
        reachable: true,
    },
    Device {
        uuid: "C8K-1D4B2C6A-90F3-4E5D-8A7B-3C2D1E0F9A04",
        host_name: "branch-north",
        system_ip: "172.16.255.11",
        personality: EDGE,
        model: "vedge-C8000V",
        site: "100",
        serial: "12345704",
        reachable: true,
    },
    Device {
        uuid: "C8K-7E6F5A4B-3C2D-4B1A-9F8E-7D6C5B4A3905",
        host_name: "branch-south",
        system_ip: "172.16.255.14",
        personality: EDGE,
        model: "vedge-C8000V",
        site: "400",
        serial: "12345705",
        reachable: false,
    },
];

/// `/dataservice/device`: every device and how it is doing.
pub(super) fn devices() -> Value {
    json!({ "data": DEVICES.iter().map(Device::status).collect::<Vec<_>>() })
}

/// `/dataservice/device/system/info`: the devices whose system IP is asked for.
pub(super) fn system_info(wanted: &[&str]) -> Value {
    let found = DEVICES.iter().filter(|device| wanted.contains(&device.system_ip));
    json!({ "data": found.map(Device::status).collect::<Vec<_>>() })
}

/// `/dataservice/system/device/vedges`: the WAN edge devices, or the one that has `uuid`.
pub(super) fn edges(uuid: Option<&str>) -> Value {
    let wanted = edge_devices().filter(|device| uuid.is_none_or(|uuid| uuid == device.uuid));
    json!({ "data": wanted.map(Device::detail).collect::<Vec<_>>() })
}

/// `/dataservice/certificate/vedge/list`: the WAN edge devices' certificates.
pub(super) fn certificates() -> Value {
    json!({ "data": edge_devices().map(Device::certificate).collect::<Vec<_>>() })
}

fn edge_devices() -> impl Iterator<Item = &'static Device> {
    DEVICES.iter().filter(|device| device.personality == EDGE)
}

impl Device {
    fn status(&self) -> Value {
        json!({
            "deviceId": self.system_ip,
            "system-ip": self.system_ip,
            "local-system-ip": self.system_ip,
            "host-name": self.host_name,
            "uuid": self.uuid,
            "personality": self.personality,
            "device-type": self.personality,
            "device-model": self.model,
            "device-os": "next",
            "site-id": self.site,
            "board-serial": self.serial,
            "reachability": self.reachability(),
            "status": if self.reachable { "normal" } else { "error" },
            "state": if self.reachable { "green" } else { "red" },
            "validity": "valid",
            "certificate-validity": "Valid",
            "version": super::VERSION,
            "connectedVManages": ["10.10.1.1"],
        })
    }

    fn detail(&self) -> Value {
        json!({
            "deviceType": self.personality,
            "deviceId": self.system_ip,
            "deviceIP": self.system_ip,
            "local-system-ip": self.system_ip,
            "host-name": self.host_name,
            "uuid": self.uuid,
            "chasisNumber": self.uuid,
            "serialNumber": self.serial,
            "deviceModel": self.model,
            "deviceState": "READY",
            "configOperationMode": "cli",
            "personality": self.personality,
            "reachability": self.reachability(),
            "configuredSiteId": self.site,
            "site-id": self.site,
            "managementSystemIP": "10.10.1.1",
            "managed-by": "Unmanaged",
            "valid": "valid",
            "validity": "valid",
            "certInstallStatus": "Installed",
        })
    }

    fn certificate(&self) -> Value {
        json!({
            "chasisNumber": self.uuid,
            "serialNumber": self.serial,
            "host-name": self.host_name,
            "local-system-ip": self.system_ip,
            "deviceModel": self.model,
            "validity": "valid",
            "state": "Valid",
            "org": "countersign-playground",
        })
    }

    const fn reachability(&self) -> &'static str {
        if self.reachable { "reachable" } else { "unreachable" }
    }
}
