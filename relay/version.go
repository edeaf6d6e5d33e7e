package relay

import "runtime/debug"

const modulePath = "github.com/godwit-sync/godwit"

// Version returns the version of godwit in this program: a module version, or
// "devel" and the commit where it was built from a work tree.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	module := info.Main
	for _, dep := range info.Deps {
		if dep.Path == modulePath {
			module = *dep
		}
	}
	if module.Version != "" && module.Version != "(devel)" {
		return module.Version
	}
	return "devel" + revision(info)
}

// revision returns "-" and the beginning of the commit's name, if it is known
// and this is the main module.
func revision(info *debug.BuildInfo) string {
	if info.Main.Path != modulePath {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "-" + s.Value[:min(12, len(s.Value))]
		}
	}
	return ""
}
