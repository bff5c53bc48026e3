package ops

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// DeliveryID makes a Delivery's id from fingerprint, start and status of each alert, for sources that give none. The order of
// the alerts does not matter.
func DeliveryID(alerts []Alert) string {
	lines := make([]string, len(alerts))
	for i, a := range alerts {
		lines[i] = fmt.Sprintf("%q %d.%d %s", a.Fingerprint, a.StartsAt.Unix(), a.StartsAt.Nanosecond(), a.Status)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:16])
}
