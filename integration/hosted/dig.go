package hosted

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// dig asks a name server all questions with one dig, and returns each one's answer:
// sorted records, fields apart by one space.
func dig(ctx context.Context, addr netip.AddrPort, questions []question) (map[question]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// A -f of standard input has no place for a question in the arguments.
	cmd := exec.CommandContext(ctx, "dig", "@"+addr.Addr().String(), "-p", fmt.Sprint(addr.Port()),
		"+tcp", "+keepopen", "+norecurse", "+tries=1", "+time=5", "+noall", "+comments", "+question", "+answer", "-f", "-")
	var in strings.Builder
	for _, q := range questions {
		fmt.Fprintln(&in, q)
	}
	cmd.Stdin = strings.NewReader(in.String())
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("dig @%s: %w\n%s", addr, err, text)
	}
	answers := map[question]string{}
	for _, part := range strings.Split(string(text), ";; Got answer:\n")[1:] {
		q, answer, err := parse(part)
		if err != nil {
			return nil, fmt.Errorf("dig @%s: %w", addr, err)
		}
		answers[q] = answer
	}
	if len(answers) != len(questions) {
		return nil, fmt.Errorf("dig @%s answers %d of %d questions: %s", addr, len(answers), len(questions), text[:min(len(text), 500)])
	}
	return answers, nil
}

// parse reads what dig prints of one answer.
func parse(text string) (question, string, error) {
	var asked question
	var lines []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case strings.HasPrefix(line, ";; ->>HEADER<<-"):
			_, status, _ := strings.Cut(line, "status: ")
			status, _, _ = strings.Cut(status, ",")
			lines = append(lines, "0 "+status) // sorts before all records
		case strings.HasPrefix(line, ";;"), strings.HasPrefix(line, "; "):
		case strings.HasPrefix(line, ";") && len(fields) == 3:
			asked = question(fields[0][1:] + " " + fields[2])
		default:
			lines = append(lines, strings.Join(fields, " "))
		}
	}
	if asked == "" {
		return "", "", fmt.Errorf("no question in %q", text)
	}
	slices.Sort(lines)
	return asked, strings.Join(lines, "\n"), nil
}

// questions are those of a zone's content, sorted.
func questions(c content) []question { return slices.Sorted(maps.Keys(c)) }
