#!/bin/sh
# Puts Keycloak into .tools/, as its makers publish it: once, 160 MB. Needs mvn and unzip.
set -eu
version=26.4.0
cd "$(dirname "$0")/../.."
home=.tools/keycloak-$version
[ -x "$home/bin/kc.sh" ] && exit 0
mkdir -p .tools
draft=$(mktemp -d .tools/keycloak.XXXXXX)
trap 'rm -rf "$draft"' EXIT
mvn -B -q -ntp org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -DoutputDirectory="$PWD/$draft" -Dartifact="org.keycloak:keycloak-quarkus-dist:$version:zip" >&2
unzip -q "$draft/keycloak-quarkus-dist-$version.zip" -d "$draft"
chmod +x "$draft/keycloak-$version/bin/"*.sh
# What a start would work out anew each time is worked out here.
"$draft/keycloak-$version/bin/kc.sh" build --db=dev-mem >&2
mv "$draft/keycloak-$version" "$home"
