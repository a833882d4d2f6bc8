// Package figures is what the programs behind `make bench`, `make
// bench-discovery` and their like share: their flags, medians of rounds, tables,
// and the project's targets beside what was measured.
//
//	Options ── rounds, stages ──► the program measures ──► Spread: median (min..max)
//	                                                           │
//	            tables, then what│measured│target│ok or short ◄┴── Targets
//
// A program of this kind prints its tables and ends with its targets. It exits
// with 0 whether they are met or not: it measures, and judges nobody's change.
// What could not be measured is a row, too, and short.
//
// It imports the standard library only.
package figures
