// Package trial tries a dialect of federation out on a real host API server: it starts
// the server and the dialect, gives it objects, awaits the orders that follow, and
// tells it what came of them. The tests of dialects are its steps.
package trial
