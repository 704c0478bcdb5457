# Where this clone and its Python environment are. Sourced by setup.sh, env.sh and the Makefile; needs bash.

laecips_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The first prefix of a sourced ROS 2 (apt or built from source); prints nothing where there is none.
# An environment made by setup.sh also holds rclpy: its ready stamp tells it apart.
laecips_ros_install() {
  local prefix prefixes
  IFS=: read -ra prefixes <<<"${AMENT_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}"; do
    if [ -f "$prefix/share/rclpy/package.xml" ] && [ ! -e "$prefix/.laecips-ready" ]; then
      printf '%s\n' "$prefix"
      return
    fi
  done
}

laecips_distro() {
  printf '%s\n' "${ROS_DISTRO:-jazzy}"
}

# Paths, relative to requirements/, of what gets installed, in this order.
laecips_requirements() {
  [ -n "$(laecips_ros_install)" ] || printf 'ros-%s.txt\n' "$(laecips_distro)"
  printf '%s\n' build.txt run.txt models.txt dev.txt
}

# Everything an environment depends on, as 12 hex digits.
laecips_env_key() {
  local python_tag
  python_tag=$("${PYTHON:-python3}" -c 'import sys; print(sys.implementation.cache_tag)') || return
  {
    printf '%s\n' "$(laecips_distro)" "$python_tag" "$(laecips_ros_install)"
    cd "$laecips_root/requirements" && cat constraints.txt $(laecips_requirements)
  } | sha256sum | cut -c 1-12
}

laecips_venv() {
  local key
  if [ -n "${LAECIPS_VENV:-}" ]; then
    printf '%s\n' "$LAECIPS_VENV"
    return
  fi
  key=$(laecips_env_key) || return
  printf '%s/laecips/venv-%s-%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}" "$(laecips_distro)" "$key"
}

# Put the environment's python and tools first; without the built workspace (env.sh adds that).
laecips_enter() {
  local venv
  venv=$(laecips_venv) || return
  if [ ! -e "$venv/.laecips-ready" ]; then
    echo "no Python environment at $venv: run 'make setup' first" >&2
    return 1
  fi
  if [ -z "$(laecips_ros_install)" ]; then
    # The wheels' python restarts itself once with its own library path; a mark and a path
    # left by another environment's python would win over it.
    if [ -n "${_ROS_WHEELS_BOOTSTRAP_COMPLETE:-}" ]; then
      unset _ROS_WHEELS_BOOTSTRAP_COMPLETE LD_LIBRARY_PATH
    fi
    unset PYTHONPATH COLCON_PREFIX_PATH
    export AMENT_PREFIX_PATH=$venv CMAKE_PREFIX_PATH=$venv
    export ROS_VERSION=2 ROS_PYTHON_VERSION=3
    ROS_DISTRO=$(laecips_distro)
    export ROS_DISTRO
  fi
  unset PYTHONHOME
  export VIRTUAL_ENV=$venv
  case ":$PATH:" in
    ":$venv/bin:"*) ;;
    *) export PATH=$venv/bin:$PATH ;;
  esac
}
