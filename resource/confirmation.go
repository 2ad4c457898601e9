package resource

import (
	"encoding/json"
	"fmt"
)

// A confirmation says what must be shown for a token to be good (RFC 7800). One that
// is not understood is refused: without it the token would pass for a bearer token.
type confirmation struct {
	App     string
	DPoPKey string
}

func (c *confirmation) UnmarshalJSON(encoded []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &members); err != nil {
		return err
	}
	for name, value := range members {
		into := map[string]*string{"app": &c.App, "jkt": &c.DPoPKey}[name]
		if into == nil {
			return fmt.Errorf("the confirmation %.40q is not understood", name)
		}
		if err := json.Unmarshal(value, into); err != nil || *into == "" {
			return fmt.Errorf("the confirmation %.40q is no name", name)
		}
	}
	return nil
}
