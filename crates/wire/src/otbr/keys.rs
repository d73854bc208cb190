//! The names of JSON keys in every generation of the API, in one table.
//!
//! Letter case, `_` and `-` do not count, so `ExtAddress`, `extAddress` and the path segment `ext-address` are one spelling.
//! What is left are real renames; they stand on the line of their key, the newest name first.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Longest key that can be a known one; longer ones are not normalised at all.
const MAX_KEY_BYTES: usize = 48;

macro_rules! keys {
    ($($key:ident: $($spelling:literal)|+;)*) => {
        /// What a JSON key means, whatever it is called.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Key {
            $($key,)*
        }

        /// Normalised spelling and meaning; within a meaning the newest spelling first.
        const SPELLINGS: &[(&str, Key)] = &[$($(($spelling, Key::$key),)+)*];
    };
}

keys! {
    // Identity and state of a device.
    ExtAddress: "extaddress";
    Rloc16: "rloc16";
    RlocAddress: "rlocaddress" | "rloc";
    RouterId: "routerid";
    Eui64: "eui" | "eui64";
    BorderAgentId: "baid" | "borderagentid";
    BorderAgentState: "bastate";
    MeshLocalInterfaceId: "mleidiid";
    OmrAddress: "omripv6address";
    Hostname: "hostname";
    Role: "role";
    State: "state";
    Created: "created";
    Updated: "updated";

    // Mode. `NetworkData` is the third mode bit in the first generation, and the network data TLV in all of them.
    Mode: "mode";
    RxOnWhenIdle: "rxonwhenidle";
    FullThreadDevice: "fullthreaddevice" | "devicetypeftd" | "devicetype";
    FullNetworkData: "fullnetworkdata";
    NetworkData: "networkdata";

    // The network.
    NetworkName: "networkname";
    ExtPanId: "extpanid";
    PanId: "panid";
    Channel: "channel";
    MeshLocalPrefix: "meshlocalprefix";
    RouterCount: "routercount" | "numofrouter";
    LeaderData: "leaderdata";
    PartitionId: "partitionid";
    Weighting: "weighting";
    DataVersion: "dataversion";
    StableDataVersion: "stabledataversion";
    LeaderRouterId: "leaderrouterid";

    // Diagnostic TLVs.
    Timeout: "timeout" | "childtimeout";
    Connectivity: "connectivity";
    ParentPriority: "parentpriority";
    LinkQuality3: "linkquality3";
    LinkQuality2: "linkquality2";
    LinkQuality1: "linkquality1";
    LeaderCost: "leadercost";
    IdSequence: "idsequence";
    ActiveRouters: "activerouters";
    SedBufferSize: "sedbuffersize";
    SedDatagramCount: "seddatagramcount";
    Route: "route" | "route64";
    RouteData: "routedata";
    RouteId: "routeid";
    LinkQualityOut: "linkqualityout";
    LinkQualityIn: "linkqualityin";
    RouteCost: "routecost";
    Ipv6Addresses: "ipv6addresses" | "ip6addresses" | "ip6addresslist";
    BatteryLevel: "batterylevel";
    SupplyVoltage: "supplyvoltage";
    ChannelPages: "channelpages";
    MaxChildTimeout: "maxchildtimeout";
    ThreadVersion: "threadversion" | "version";
    VendorName: "vendorname";
    VendorModel: "vendormodel";
    VendorSwVersion: "vendorswversion";
    VendorAppUrl: "vendorappurl";
    ThreadStackVersion: "threadstackversion";
    BrCounters: "brcounters";
    IsLeader: "isleader";
    HostsService: "hostsservice";
    IsPrimaryBbr: "isprimarybbr";
    IsBorderRouter: "isborderrouter";

    // Tables of neighbours.
    ChildTable: "childtable";
    ChildId: "childid";
    LinkQuality: "linkquality";
    Children: "children";
    ChildIpv6Addresses: "childipv6addresses" | "childrenipv6addresses" | "childipv6" | "childrenip6";
    RouterNeighbors: "routerneighbors" | "neighbors";
    CslSynchronized: "cslsynchronized";
    SupportsErrorRate: "supportserrorrate";
    Age: "age";
    LinkAge: "linkage" | "connectiontime";
    SupervisionInterval: "supervisioninterval";
    LinkMargin: "linkmargin";
    AverageRssi: "averagerssi";
    LastRssi: "lastrssi";
    FrameErrorRate: "frameerrorrate";
    MessageErrorRate: "messageerrorrate";
    QueuedMessageCount: "queuedmessagecount";
    CslPeriod: "cslperiod";
    CslTimeout: "csltimeout";
    CslChannel: "cslchannel";

    // Counters.
    MacCounters: "maccounters";
    IfInUnknownProtos: "ifinunknownprotos";
    IfInErrors: "ifinerrors";
    IfOutErrors: "ifouterrors";
    IfInUcastPkts: "ifinucastpkts";
    IfInBroadcastPkts: "ifinbroadcastpkts";
    IfInDiscards: "ifindiscards";
    IfOutUcastPkts: "ifoutucastpkts";
    IfOutBroadcastPkts: "ifoutbroadcastpkts";
    IfOutDiscards: "ifoutdiscards";
    MleCounters: "mlecounters";
    RadioDisabledCount: "radiodisabledcount";
    DetachedRoleCount: "detachedrolecount";
    ChildRoleCount: "childrolecount";
    RouterRoleCount: "routerrolecount";
    LeaderRoleCount: "leaderrolecount";
    AttachAttemptsCount: "attachattemptscount";
    PartIdChangesCount: "partidchangescount";
    BetterPartIdAttachAttemptsCount: "betterpartidattachattemptscount";
    NewParentCount: "newparentcount";
    TotalTrackingTime: "totaltrackingtime";
    RadioDisabledTime: "radiodisabledtime";
    DetachedRoleTime: "detachedroletime";
    ChildRoleTime: "childroletime";
    RouterRoleTime: "routerroletime";
    LeaderRoleTime: "leaderroletime";

    // Operational dataset.
    ActiveDataset: "activedataset";
    ActiveTimestamp: "activetimestamp";
    PendingTimestamp: "pendingtimestamp";
    Seconds: "seconds";
    Ticks: "ticks";
    Authoritative: "authoritative";
    NetworkCredential: "networkkey" | "masterkey";
    Pskc: "pskc";
    SecurityPolicy: "securitypolicy";
    RotationTime: "rotationtime";
    PolicyFlag: "obtainnetworkkey" | "nativecommissioning" | "routers" | "externalcommissioning" | "commercialcommissioning"
        | "autonomousenrollment" | "networkkeyprovisioning" | "toblelink" | "nonccmrouters";
    ChannelMask: "channelmask";
    Delay: "delay";
}

static TABLE: LazyLock<BTreeMap<&'static str, (Key, usize)>> = LazyLock::new(|| {
    SPELLINGS
        .iter()
        .enumerate()
        .map(|(rank, (spelling, key))| (*spelling, (*key, rank)))
        .collect()
});

/// `IP6AddressList`, `ip6_address_list` and `ip6-address-list` to `ip6addresslist`; `None` for what cannot be a known key.
pub(super) fn normalize(key: &str) -> Option<String> {
    (key.len() <= MAX_KEY_BYTES).then(|| key.chars().filter(|c| *c != '_' && *c != '-').map(|c| c.to_ascii_lowercase()).collect())
}

/// What a key means, and the rank of its spelling: of two spellings in one object the lower rank, the newer name, counts.
pub(super) fn find(key: &str) -> Option<(Key, usize)> {
    TABLE.get(normalize(key)?.as_str()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_normal_and_stands_once() {
        assert_eq!(TABLE.len(), SPELLINGS.len());
        for (spelling, key) in SPELLINGS {
            assert_eq!(normalize(spelling).as_deref(), Some(*spelling));
            assert_eq!(find(spelling).unwrap().0, *key);
        }
    }

    #[test]
    fn all_generations_name_the_same_key() {
        for (key, spellings) in [
            (Key::ExtAddress, &["ExtAddress", "extAddress", "ext-address"] as &[&str]),
            (Key::FullThreadDevice, &["DeviceType", "deviceTypeFTD", "fullThreadDevice"]),
            (Key::RouterCount, &["NumOfRouter", "routerCount", "num-of-router"]),
            (Key::Ipv6Addresses, &["IP6AddressList", "ip6Addresses", "ipv6Addresses"]),
            (Key::Eui64, &["eui64", "eui"]),
            (Key::Hostname, &["hostName", "hostname"]),
            (Key::ThreadVersion, &["version", "threadVersion"]),
            (Key::LinkAge, &["connectionTime", "linkAge"]),
            (Key::Timeout, &["childTimeout", "Timeout", "timeout"]),
            (Key::Route, &["Route", "route64", "route"]),
        ] {
            for spelling in spellings {
                assert_eq!(find(spelling).map(|found| found.0), Some(key), "{spelling}");
            }
        }
        assert_eq!(find("totallyNew"), None);
        assert_eq!(find(&"x".repeat(1000)), None);
    }

    #[test]
    fn the_newer_name_has_the_lower_rank() {
        assert!(find("threadVersion").unwrap().1 < find("version").unwrap().1);
    }
}
