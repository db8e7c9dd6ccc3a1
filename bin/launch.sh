# Sourced by the launchers beside it (and by dev/format, .ci/run). Needs bash 4.

DCM_HOME=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
DCM_JVM_FLAGS=(--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow)

# Prints the home of a JDK 25, or one sentence on stderr and fails.
find_jdk() {
  local on_path home
  on_path=$(readlink -f "$(command -v java || true)" 2>/dev/null || true)
  for home in "${JAVA_HOME:-}" "${on_path%/bin/java}" /usr/lib/jvm/* \
    "${HOME:-}"/.sdkman/candidates/java/* "${HOME:-}"/.jdks/* /opt/*; do
    if [[ -n $home && -x $home/bin/javac && -r $home/release &&
      $(<"$home/release") == *JAVA_VERSION=\"25[\".-]* ]]; then
      printf '%s\n' "$home"
      return
    fi
  done
  echo "DCM needs a JDK 25: install one (Debian: package temurin-25-jdk from adoptium.net, or use sdkman.io) or set JAVA_HOME to it." >&2
  return 1
}

# build_if_missing MODULE: builds the tree on first use, once when several launchers start together.
build_if_missing() {
  if is_built "$1"; then return; fi
  if ! mkdir -p "$DCM_HOME/target" 2>/dev/null || [[ ! -w $DCM_HOME/target ]]; then
    echo "DCM is not built yet, and you may not write to $DCM_HOME: let its owner run ./mvnw package." >&2
    return 1
  fi
  (
    if command -v flock >/dev/null && ! flock -n 9; then
      echo "DCM is being built by another process; waiting for it." >&2
      flock 9
    fi
    if is_built "$1"; then exit; fi
    echo "DCM is being built, on first use only; this takes a minute or so." >&2
    cd "$DCM_HOME"
    if ! JAVA_HOME=$DCM_JDK ./mvnw -q -DskipTests -Dformat.skip package >&2 9>&-; then
      echo "The build failed; the messages above say why." >&2
      exit 1
    fi
  ) 9>"$DCM_HOME/target/build.lock"
}

# The module's own jar is the last file that the build puts into target/lib.
is_built() {
  compgen -G "$DCM_HOME/$1/target/lib/dcm-$1-*.jar" >/dev/null
}

# launch MODULE JVM_OPTION... -- ARGUMENT...: replaces this process by the module's main class.
launch() {
  local module=$1 options=()
  shift
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  shift
  DCM_JDK=$(find_jdk) || exit 1
  build_if_missing "$module" || exit 1
  exec "$DCM_JDK/bin/java" "${DCM_JVM_FLAGS[@]}" "${options[@]}" "-Ddcm.home=$DCM_HOME" \
    -cp "$DCM_HOME/$module/target/lib/*" "org.dcmigrate.$module.Main" "$@"
}

# launch_command MODULE ARGUMENT...: the same for commands, for whose start people wait. A class data
# archive of what the first run loaded, written at its end, makes later ones start sooner. It is an
# optimisation only: without write access it is used if there and silently left out if not.
launch_command() {
  local module=$1 archive=$DCM_HOME/$1/target/$1.jsa
  local options=(-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xlog:disable)
  shift
  if [[ -w ${archive%/*} || ! -e ${archive%/*} ]]; then
    options+=(-XX:+AutoCreateSharedArchive "-XX:SharedArchiveFile=$archive")
  elif [[ -r $archive ]]; then
    options+=("-XX:SharedArchiveFile=$archive")
  fi
  launch "$module" "${options[@]}" -- "$@"
}
