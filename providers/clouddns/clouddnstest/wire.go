package clouddnstest

// The API's resources, as its discovery document has them. What the simulator
// does not know of them it refuses, so that no test passes on a field that does
// nothing here.

// RRset is a ResourceRecordSet.
type RRset struct {
	Kind          string         `json:"kind,omitempty"`
	Name          string         `json:"name"`
	Type          string         `json:"type"`
	TTL           int64          `json:"ttl,omitempty"` // seconds
	RRDatas       []string       `json:"rrdatas,omitempty"`
	RoutingPolicy *RoutingPolicy `json:"routingPolicy,omitempty"`
}

// RoutingPolicy is an RRSetRoutingPolicy: one of WRR, Geo and PrimaryBackup.
type RoutingPolicy struct {
	Kind          string         `json:"kind,omitempty"`
	HealthCheck   string         `json:"healthCheck,omitempty"`
	WRR           *WRR           `json:"wrr,omitempty"`
	Geo           *Geo           `json:"geo,omitempty"`
	PrimaryBackup *PrimaryBackup `json:"primaryBackup,omitempty"`
}

// WRR is an RRSetRoutingPolicyWrrPolicy: weighted round robin.
type WRR struct {
	Kind  string    `json:"kind,omitempty"`
	Items []WRRItem `json:"items,omitempty"`
}

// WRRItem is one of a WRR's.
type WRRItem struct {
	Kind                 string   `json:"kind,omitempty"`
	Weight               float64  `json:"weight,omitempty"`
	RRDatas              []string `json:"rrdatas,omitempty"`
	HealthCheckedTargets *Targets `json:"healthCheckedTargets,omitempty"`
}

// Geo is an RRSetRoutingPolicyGeoPolicy.
type Geo struct {
	Kind          string    `json:"kind,omitempty"`
	EnableFencing bool      `json:"enableFencing,omitempty"`
	Items         []GeoItem `json:"items,omitempty"`
}

// GeoItem is one of a Geo's.
type GeoItem struct {
	Kind                 string   `json:"kind,omitempty"`
	Location             string   `json:"location,omitempty"`
	RRDatas              []string `json:"rrdatas,omitempty"`
	HealthCheckedTargets *Targets `json:"healthCheckedTargets,omitempty"`
}

// PrimaryBackup is an RRSetRoutingPolicyPrimaryBackupPolicy: failover.
type PrimaryBackup struct {
	Kind             string   `json:"kind,omitempty"`
	PrimaryTargets   *Targets `json:"primaryTargets,omitempty"`
	BackupGeoTargets *Geo     `json:"backupGeoTargets,omitempty"`
	TrickleTraffic   float64  `json:"trickleTraffic,omitempty"`
}

// Targets are RRSetRoutingPolicyHealthCheckTargets.
type Targets struct {
	InternalLoadBalancers []LoadBalancer `json:"internalLoadBalancers,omitempty"`
	ExternalEndpoints     []string       `json:"externalEndpoints,omitempty"`
}

// LoadBalancer is an RRSetRoutingPolicyLoadBalancerTarget.
type LoadBalancer struct {
	Kind             string `json:"kind,omitempty"`
	LoadBalancerType string `json:"loadBalancerType,omitempty"`
	IPAddress        string `json:"ipAddress,omitempty"`
	IPProtocol       string `json:"ipProtocol,omitempty"`
	NetworkURL       string `json:"networkUrl,omitempty"`
	Port             string `json:"port,omitempty"`
	Project          string `json:"project,omitempty"`
	Region           string `json:"region,omitempty"`
}

// Change is what changes.create takes and gives.
type Change struct {
	Kind      string  `json:"kind,omitempty"`
	ID        string  `json:"id,omitempty"`
	Status    string  `json:"status,omitempty"`
	StartTime string  `json:"startTime,omitempty"` // RFC 3339
	IsServing bool    `json:"isServing,omitempty"`
	Additions []RRset `json:"additions,omitempty"`
	Deletions []RRset `json:"deletions,omitempty"`
}

// ManagedZone is a hosted zone's description.
type ManagedZone struct {
	Kind         string   `json:"kind,omitempty"`
	ID           uint64   `json:"id,omitempty,string"`
	Name         string   `json:"name"`
	DNSName      string   `json:"dnsName"`
	Description  string   `json:"description,omitempty"`
	Visibility   string   `json:"visibility,omitempty"` // public or private
	NameServers  []string `json:"nameServers,omitempty"`
	CreationTime string   `json:"creationTime,omitempty"` // RFC 3339
}

type rrsetsPage struct {
	Kind          string  `json:"kind,omitempty"`
	RRsets        []RRset `json:"rrsets,omitempty"`
	NextPageToken string  `json:"nextPageToken,omitempty"`
}

type changesPage struct {
	Kind          string   `json:"kind,omitempty"`
	Changes       []Change `json:"changes,omitempty"`
	NextPageToken string   `json:"nextPageToken,omitempty"`
}

type zonesPage struct {
	Kind          string        `json:"kind,omitempty"`
	ManagedZones  []ManagedZone `json:"managedZones,omitempty"`
	NextPageToken string        `json:"nextPageToken,omitempty"`
}
