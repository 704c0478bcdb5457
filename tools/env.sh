# Source this in bash after 'make build': the built workspace, its python and its commands, in this shell.
#
#   source tools/env.sh
#
# ROS_DISTRO, PYTHON and LAECIPS_VENV choose the environment as they do for make.

if [ -z "${BASH_VERSION:-}" ]; then
  echo 'tools/env.sh needs bash' >&2
  return 1
fi
source "$(dirname "${BASH_SOURCE[0]}")/workspace.sh"
laecips_enter || return 1
if [ ! -f "$laecips_root/install/setup.bash" ]; then
  echo "the workspace is not built: run 'make build' first" >&2
  return 1
fi
# The files colcon and ROS 2 generate read variables that may be unset.
case $- in
  *u*) set +u; source "$laecips_root/install/setup.bash"; set -u ;;
  *) source "$laecips_root/install/setup.bash" ;;
esac
