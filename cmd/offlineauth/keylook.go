package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/offlineauth/offlineauth"
	"github.com/offlineauth/offlineauth/cmd/offlineauth/doctor"
)

// lookForKey says where the key of a directory is and whether it can be had. It asks nobody.
func lookForKey(ctx context.Context, dir string) doctor.Key {
	if _, err := os.Stat(offlineauth.DataFile(dir)); err != nil {
		return doctor.Key{}
	}
	p, err := loadKeyPlace(dir)
	if err != nil {
		return doctor.Key{Place: "in a place that is not known", Err: err}
	}
	if p.At == inSecretService {
		ctx, cancel := context.WithTimeout(ctx, commandTimeout)
		defer cancel()
		state, err := p.secrets(dir).Look(ctx)
		return doctor.Key{
			Place:  "in the keyring of the desktop",
			Mend:   "log in to the desktop whose keyring has it; or offlineauth restore --keys file, with a backup that has a passphrase",
			Lost:   !state.Found,
			Locked: state.Locked,
			Err:    err,
		}
	}
	file := string(offlineauth.KeyFile(dir))
	k := doctor.Key{Place: "in " + file, Mend: "put it back; or offlineauth restore, with a backup that has a passphrase"}
	_, err = os.Stat(file)
	if k.Lost = errors.Is(err, fs.ErrNotExist); !k.Lost {
		k.Err = err
	}
	return k
}
