package inventorytest

import (
	"fmt"
	"strings"

	"github.com/fedns/fedns/discovery/inventory"
)

// Show is what an object states, and what is wrong with it, a line each.
func Show(o inventory.Object) string {
	var lines []string
	for _, s := range o.Statements {
		m := s.Member
		line := fmt.Sprintf("%s %s %s%v %v %v", m.ID, m.Server, m.Region, m.Zones, m.Labels, m.Taints)
		if s.Err != nil {
			line = inventory.Finding{Field: s.Field, Text: s.Err.Error()}.String()
		}
		lines = append(lines, line)
	}
	for _, f := range o.Findings {
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}
