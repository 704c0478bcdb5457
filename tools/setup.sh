#!/usr/bin/env bash
# Make the Python environment and build the workspace, doing only what is not done yet.
# Usage: tools/setup.sh env|build
set -euo pipefail
shopt -s inherit_errexit
source "$(dirname "${BASH_SOURCE[0]}")/workspace.sh"

area=setup
logs=$laecips_root/log/setup
python=${PYTHON:-python3}

say() {
  printf '[%s] %s\n' "$area" "$*"
}

fail() {
  printf '[%s] FAILED: %s\n' "$area" "$*" >&2
  exit 1
}

# step NAME MESSAGE COMMAND...: the command's output goes to a log; its tail is shown when the command fails.
step() {
  local name=$1 message=$2 log=$logs/$1.log
  shift 2
  mkdir -p "$logs"
  say "$message"
  if ! "$@" >"$log" 2>&1; then
    echo "--- the last lines of $log" >&2
    tail -n 25 "$log" >&2
    fail "step '$name'; its whole output is in $log"
  fi
}

need_command() {
  command -v "$1" >/dev/null || fail "'$1' is missing. $2"
}

check_distro() {
  [ -n "$(laecips_ros_install)" ] || [ -f "$laecips_root/requirements/ros-$(laecips_distro).txt" ] ||
    fail "no ROS 2 wheels are known for ROS_DISTRO=$(laecips_distro). Use jazzy or kilted, or source an installed ROS 2 first."
}

check_python() {
  local version ros
  version=$("$python" -c 'import sys; print("%s %d.%d" % (sys.implementation.name, *sys.version_info[:2]))')
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module. On Debian and Ubuntu: apt install python3-venv."
  ros=$(laecips_ros_install)
  if [ -n "$ros" ]; then
    "$python" -c 'import rclpy' 2>/dev/null ||
      fail "the ROS 2 at $ros is sourced, but $python ($version) cannot import its rclpy. Set PYTHON to the interpreter it was built for."
    return
  fi
  [ "$version $(uname -s) $(uname -m)" = 'cpython 3.11 Linux x86_64' ] ||
    fail "the ROS 2 wheels need CPython 3.11 on Linux x86_64, got $version on $(uname -s) $(uname -m). Set PYTHON=python3.11, or source an installed ROS 2 first (CONTRIBUTING.md)."
}

check_compiler() {
  local hint='The message package is compiled. On Debian and Ubuntu: apt install cmake g++ make.'
  need_command cmake "$hint"
  need_command c++ "$hint"
}

create_venv() {
  local venv=$1
  local options=()
  [ -z "$(laecips_ros_install)" ] || options+=(--system-site-packages)
  # A default path is ours alone, so a half-made environment there is made anew; a path the
  # user named is never emptied.
  [ -n "${LAECIPS_VENV:-}" ] || options+=(--clear)
  step venv "making a Python environment in $venv" "$python" -m venv "${options[@]}" "$venv"
}

pip_install() {
  local venv=$1 file=$2
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-input -r "$laecips_root/requirements/$file"
}

describe() {
  case $1 in
    ros-*) echo "installing ROS 2 $(laecips_distro) wheels ... (about 1 min)" ;;
    build.txt) echo 'installing the build tools ... (a few seconds)' ;;
    run.txt) echo 'installing torch, OpenCV and the other libraries ... (1 min with a CPU torch, more with CUDA)' ;;
    models.txt) echo 'installing the libraries of plug-in models ... (half a minute)' ;;
    dev.txt) echo 'installing the test and lint tools ... (a few seconds)' ;;
  esac
}

install_env() {
  local venv=$1 file
  create_venv "$venv"
  for file in $(laecips_requirements); do
    step "${file%.txt}" "$(describe "$file")" pip_install "$venv" "$file"
  done
  if [ -z "$(laecips_ros_install)" ]; then
    step wheel-cmake "pointing the wheels' CMake files at this Python" \
      "$venv/bin/python" "$laecips_root/tools/fix_wheel_cmake.py"
  fi
}

env_is_ready() {
  [ -e "$1/.laecips-ready" ] && [ "$(cat "$1/.laecips-ready")" = "$2" ]
}

make_env() {
  local venv key started=$SECONDS
  need_command "$python" 'Set PYTHON to a Python interpreter.'
  check_distro
  venv=$(laecips_venv)
  key=$(laecips_env_key)
  ! env_is_ready "$venv" "$key" || return 0
  check_python
  check_compiler
  need_command flock 'On Debian and Ubuntu: apt install util-linux.'
  mkdir -p "$(dirname "$venv")"
  exec 9>"$venv.lock"
  if ! flock -n 9; then
    say "another set-up is at work on $venv: waiting for it"
    flock 9
  fi
  if ! env_is_ready "$venv" "$key"; then
    rm -f "$venv/.laecips-ready"
    install_env "$venv"
    printf '%s\n' "$key" >"$venv/.laecips-ready"
    say "the environment is ready ($((SECONDS - started)) s)"
  fi
  exec 9>&-
}

# What a build depends on: with symlinks, a changed Python, launch or configuration file needs no
# new build, but a new or removed launch, configuration or interface file does.
build_key() {
  cd "$laecips_root"
  {
    find src -type f \( -name package.xml -o -name 'setup.*' -o -name CMakeLists.txt \
      -o -name '*.msg' -o -name '*.srv' \) -print0 | sort -z | xargs -0 sha256sum
    sha256sum colcon.meta
    find launch config src/*/resource -type f -not -path '*/__pycache__/*' | sort
  } | sha256sum
}

colcon_build() {
  cd "$laecips_root"
  python -m colcon --log-base log build --symlink-install --base-paths src \
    --cmake-args --no-warn-unused-cli "-DPython3_EXECUTABLE=$VIRTUAL_ENV/bin/python" -DBUILD_TESTING=OFF || return
  # Links to launch and configuration files that are gone.
  find install -xtype l -delete
}

build() {
  local place key started=$SECONDS
  area=build
  laecips_enter
  mkdir -p "$laecips_root/log"
  exec 8>"$laecips_root/log/.build.lock"
  flock 8
  place="$laecips_root $VIRTUAL_ENV $(cat "$VIRTUAL_ENV/.laecips-ready")"
  key=$(build_key)
  cd "$laecips_root"
  if [ -f install/setup.bash ] && [ "$(cat build/.laecips-built 2>/dev/null)" = "$place $key" ]; then
    return
  fi
  # CMake keeps the paths of the environment it was first run with.
  [ "$(cat build/.laecips-place 2>/dev/null)" = "$place" ] || rm -rf build install
  mkdir -p build
  rm -f build/.laecips-built
  printf '%s\n' "$place" >build/.laecips-place
  step colcon 'building the workspace with colcon ... (about 1 min the first time)' colcon_build
  printf '%s\n' "$place $key" >build/.laecips-built
  say "the workspace is built ($((SECONDS - started)) s)"
}

case ${1:-} in
  env) make_env ;;
  build)
    make_env
    build
    ;;
  *) fail "expected 'env' or 'build', got '${1:-}'" ;;
esac
