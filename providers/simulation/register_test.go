package simulation

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// operation is what a life did with the register of its owner.
type operation struct {
	kind   kind
	life   int // who
	expect int // batch: which one its writer believed to be the last
	id     int // batch: which it is
	tag    int // list, read: which batch was the last
}

type kind int

const (
	observe kind = iota // a read, or an audit's listing: it tells tag
	begin               // a listing from which a life begins to write
	take                // a batch of the fence alone, by which a life begins to write
	swap                // any other batch that was made
	perhaps             // a batch of which nobody knows
	perhapsTake
	// created is a batch that creates the fence. It is made whenever there is no fence,
	// which is somebody else's doing, whatever came last, and changes nothing else.
	created
	// perhapsCreate is one of which nobody knows: it is asked of the truth whether and
	// when it came.
	perhapsCreate
)

// register is the state: the batch that came last, and the life that leads.
type register struct{ last, leads int }

// model says what one leader at a time could have made.
var model = porcupine.Model{
	Init: func() any { return register{} },
	Step: func(state, input, _ any) (bool, any) {
		s, o := state.(register), input.(operation)
		switch o.kind {
		case observe:
			return o.tag == s.last, s
		case begin:
			return o.tag == s.last, register{s.last, o.life}
		case created:
		case take:
			return o.expect == s.last, register{o.id, o.life}
		case swap:
			return o.expect == s.last && o.life == s.leads, register{o.id, o.life}
		case perhaps:
			if o.expect != s.last || o.life != s.leads {
				return true, s
			}
		case perhapsTake:
			if o.expect != s.last {
				return true, s
			}
		}
		return true, register{o.id, o.life}
	},
	DescribeOperation: func(input, _ any) string { return input.(operation).String() },
}

func (o operation) String() string {
	switch o.kind {
	case observe:
		return fmt.Sprintf("life %d sees %d", o.life, o.tag)
	case begin:
		return fmt.Sprintf("life %d begins from %d", o.life, o.tag)
	}
	word := map[kind]string{take: "takes", swap: "writes", perhaps: "perhaps writes", perhapsTake: "perhaps takes", created: "creates"}[o.kind]
	return fmt.Sprintf("life %d %s %d after %d", o.life, word, o.id, o.expect)
}

// resolved are operations without those of the kind perhapsCreate.
func (w *world) resolved(ops []porcupine.Operation) []porcupine.Operation {
	out := ops[:0]
	for _, op := range ops {
		o := op.Input.(operation)
		if o.kind == perhapsCreate {
			at, made := w.landed[o.id]
			if !made {
				continue
			}
			o.kind = created
			op.Input, op.Return = o, at
		}
		out = append(out, op)
	}
	return out
}

// linearizable has Porcupine look for an order of each owner's operations that the
// model could have gone through.
func (w *world) linearizable() []string {
	for _, o := range w.owners {
		w.happened["operations"] += len(o.operations)
		o.operations = w.resolved(o.operations)
		if porcupine.CheckOperationsTimeout(model, o.operations, time.Minute) == porcupine.Ok {
			continue
		}
		lines := []string{"owner " + o.name + ": a batch was made that its writer had not decided on what was there:"}
		for _, op := range o.operations {
			lines = append(lines, fmt.Sprintf("  %4d-%4d %s", op.Call, op.Return, op.Input))
		}
		return lines
	}
	return nil
}
