package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// employee is one record.
type employee struct {
	Number                  int
	Department, Name, Title string
	Age                     int
	Note                    string
}

const (
	each      = 50  // how many work in one department
	noteBytes = 850 // so that all of it has about a kilobyte
)

var errRecords = errors.New("-records must be a multiple of 500")

// newEmployees makes up records, fifty in each department, scattered.
func newEmployees(n int, seed uint64) (all []employee, departments []string) {
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range n / each {
		departments = append(departments, fmt.Sprintf("department %03d", i))
	}
	for i, place := range random.Perm(n) {
		all = append(all, employee{
			Number:     i,
			Department: departments[place%len(departments)],
			Name:       fmt.Sprintf("%s %s %05d", word(random), word(random), place),
			Title:      word(random),
			Age:        18 + random.IntN(50),
			Note:       note(random),
		})
	}
	return all, departments
}

func word(random *rand.Rand) string {
	letters := make([]byte, 3+random.IntN(8))
	for i := range letters {
		letters[i] = byte('a' + random.IntN(26))
	}
	return string(letters)
}

func note(random *rand.Rand) string {
	var text strings.Builder
	for text.Len() < noteBytes {
		text.WriteString(word(random) + " ")
	}
	return text.String()[:noteBytes]
}

// written is records as lines, in the order of their numbers.
func written(all []employee) string {
	var text strings.Builder
	for _, e := range slices.SortedFunc(slices.Values(all), func(a, b employee) int { return a.Number - b.Number }) {
		fmt.Fprintf(&text, "%d\t%s\t%s\t%s\t%d\t%s\n", e.Number, e.Department, e.Name, e.Title, e.Age, e.Note)
	}
	return text.String()
}

// listed is the names of all in the order of departments and names.
func listed(all []employee) string {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b employee) int {
		return cmp.Or(cmp.Compare(a.Department, b.Department), cmp.Compare(a.Name, b.Name))
	})
	var text strings.Builder
	for _, e := range sorted {
		text.WriteString(e.Name + "\n")
	}
	return text.String()
}

const (
	changed  = 10        // so many are changed after all have been replicated
	newTitle = "changed" // to this title
)

func promoted(all []employee) []employee {
	all = slices.Clone(all)
	for i := range changed {
		all[i].Title = newTitle
	}
	return all
}

// keep writes something into the directory that contenders read.
func keep(dir, name string, what any) error {
	raw, err := json.Marshal(what)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".json"), raw, 0o600)
}
