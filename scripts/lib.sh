# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the other scripts.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# packages SECTION...: the names in these sections of packages.txt
packages() {
  local wanted=" $* "
  while read -r line; do
    case $line in
      '' | '#'*) ;;
      '['*']') section=${line#[}; section=${section%]} ;;
      *) [[ $wanted == *" $section "* ]] && echo "$line" ;;
    esac
  done <"$root/scripts/packages.txt"
}

# install SECTION...: what is missing of these, with apt; says what
install() {
  local missing=() name
  for name in $(packages "$@"); do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  local sudo=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "run this as root, or install sudo" >&2; exit 1; }
    sudo=sudo
  fi
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
