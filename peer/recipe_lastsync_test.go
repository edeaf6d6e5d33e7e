package peer_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// RecipeLastSync is the server's tables in a phone's SQL (Coenraets, 2012): the app
// asked for rows modified since the newest time that it had, and replaced its own by
// them. That lost what was written within the same second, or by a clock that was
// wrong, and nothing went back; here what was seen is a place in a log, which no clock
// moves, both sides write, and a row is merged, not replaced.
func RecipeLastSync(ctx context.Context, relay string) {
	type Department struct{ Name string }
	type Employee struct {
		Name, Title string
		Department  crdt.DocumentID
	}

	office := linked(ctx, relay)
	defer office.Close()
	departments := must(peer.CollectionOf[Department](office, "acme/departments"))
	employees := must(peer.CollectionOf[Employee](office, "acme/employees"))
	research := must(departments.Create(ctx, Department{Name: "R&D"}))
	ada := must(employees.Create(ctx, Employee{Name: "Ada", Title: "Engineer", Department: research}))
	bob := must(employees.Create(ctx, Employee{Name: "Bob", Title: "Clerk", Department: research}))
	temps := slices.Repeat([]Employee{{Name: "Temp", Department: research}}, 2000)
	must(employees.CreateAll(ctx, slices.Values(temps)))
	check(office.Sync(ctx))

	phone := linked(ctx, relay)
	defer phone.Close()
	itsDepartments := must(peer.CollectionOf[Department](phone, "acme/departments"))
	itsEmployees := must(peer.CollectionOf[Employee](phone, "acme/employees"))
	check(phone.Sync(ctx))
	fmt.Println(must(itsDepartments.Count(ctx)), "department,", must(itsEmployees.Count(ctx)), "employees")

	lastSync := phone.Cursor() // still good after a restart
	check(employees.Update(ctx, ada, func(e *Employee) error { e.Title = "CTO"; return nil }))
	check(employees.Delete(ctx, bob))
	must(employees.Create(ctx, Employee{Name: "Eve", Department: research}))
	check(office.Sync(ctx))
	check(phone.Sync(ctx)) // three records, not two thousand
	changes := map[peer.RecordChange]int{}
	for change, err := range itsEmployees.Changes(ctx, lastSync) {
		check(err)
		changes[change.Change]++
	}
	fmt.Println(changes)

	check(itsDepartments.Update(ctx, research, func(d *Department) error { d.Name = "Research"; return nil }))
	check(itsEmployees.Update(ctx, ada, func(e *Employee) error { e.Name = "Ada L."; return nil }))
	check(phone.Sync(ctx)) // and back
	check(office.Sync(ctx))
	boss := must(employees.Get(ctx, ada))
	fmt.Println(boss.Name, boss.Title, must(departments.Get(ctx, boss.Department)).Name)
}

func ExampleRecipeLastSync() {
	cook(RecipeLastSync)
	// Output:
	// 1 department, 2002 employees
	// map[created:1 updated:1 deleted:1]
	// Ada L. CTO Research
}
