package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// A Verifier decides whether a service belongs to an issuer. It returns those of
// its targets that do, in the order of s; none, or an error, refuses them all.
// issuer is the origin of a resource when the service of one is asked about.
//
// It is asked in [Client.Finish], before anything is sent, and whenever a stored
// login is used again.
type Verifier interface {
	Verify(ctx context.Context, issuer string, s ipcapi.Service) (ipcapi.Service, error)
}

// A PeerVerifier is a [Verifier] that also looks at the process that answers at
// an accepted address, on every new connection and before anything is sent on
// it. An error ends the connection: ipcapi.ErrRefused.
type PeerVerifier interface {
	VerifyPeer(issuer string, a ipcapi.Address, peer ipcapi.Caller) error
}

// A Resolver is a [Verifier] that knows services by itself. It is asked for the
// services of [Config.Resources], since a redirect names only the issuer's. nil
// means the network.
type Resolver interface {
	Resolve(ctx context.Context, origin string) (ipcapi.Service, error)
}

// A Starter is a [Verifier] that can start a service at an accepted address of a unix
// socket at which nobody listens.
type Starter interface {
	StartService(ctx context.Context, issuer string, a ipcapi.Address) error
}

// Pinned accepts exactly the addresses it lists for an issuer. The service of a
// resource is listed under the resource's origin, such as "https://api.example".
//
// The file of a unix socket must belong to root or to the user of this process,
// and be where nobody else can replace it (unixipc.CheckOwner). The process that
// answers must be of one of these users, too; for unix-abstract addresses, which
// any process can claim, that is the only check. See [Pinned.OwnedBy].
type Pinned map[string]ipcapi.Service

// Verify implements [Verifier].
func (p Pinned) Verify(ctx context.Context, issuer string, s ipcapi.Service) (ipcapi.Service, error) {
	return p.OwnedBy(os.Getuid()).Verify(ctx, issuer, s)
}

// VerifyPeer implements [PeerVerifier].
func (p Pinned) VerifyPeer(issuer string, a ipcapi.Address, peer ipcapi.Caller) error {
	return p.OwnedBy(os.Getuid()).VerifyPeer(issuer, a, peer)
}

// Resolve implements [Resolver].
func (p Pinned) Resolve(_ context.Context, origin string) (ipcapi.Service, error) {
	return p[origin], nil
}

// OwnedBy returns a verifier with the same addresses, for services that run as
// one of the users uids, or as root.
func (p Pinned) OwnedBy(uids ...int) PinnedOwners {
	return PinnedOwners{Pinned: p, UIDs: uids}
}

// PinnedOwners is a [Pinned] for services of certain users.
type PinnedOwners struct {
	Pinned
	UIDs []int
}

// Verify implements [Verifier].
func (p PinnedOwners) Verify(_ context.Context, issuer string, s ipcapi.Service) (ipcapi.Service, error) {
	var accepted ipcapi.Service
	reason := errors.New("none of its addresses is pinned for the issuer")
	for _, a := range s {
		if !slices.Contains(p.Pinned[issuer], a) {
			continue
		}
		if err := p.checkOwner(a); err != nil {
			reason = err
			continue
		}
		accepted = append(accepted, a)
	}
	if len(accepted) == 0 {
		return nil, reason
	}
	return accepted, nil
}

// checkOwner lets pass what is not there: nothing can be sent to it now, and what
// appears later is seen by VerifyPeer.
func (p PinnedOwners) checkOwner(a ipcapi.Address) error {
	if a.Path == "" {
		return nil
	}
	err := unixipc.CheckOwner(a.Path, 0)
	for _, uid := range p.UIDs {
		if err == nil || errors.Is(err, ipcapi.ErrNoService) {
			return nil
		}
		err = unixipc.CheckOwner(a.Path, uid)
	}
	if errors.Is(err, ipcapi.ErrNoService) {
		return nil
	}
	return err
}

// VerifyPeer implements [PeerVerifier].
func (p PinnedOwners) VerifyPeer(_ string, _ ipcapi.Address, peer ipcapi.Caller) error {
	if peer.UID == 0 || peer.UID > 0 && slices.Contains(p.UIDs, peer.UID) {
		return nil
	}
	return fmt.Errorf("the service runs as user %d, which is none of %v", peer.UID, p.UIDs)
}
