# Network namespaces in one number each: everything that test/netns/harness/snapshot.ts looks at, and more of it, as the
# kernel tells it, without what only counts or follows from other things. Two states that differ never have the same.
use strict;
use warnings;
use Digest::SHA qw(sha1_hex);

use constant { AF_NETLINK => 16, SOCK_RAW => 3, ROUTE => 0, NETFILTER => 12, CLONE_NEWNET => 0x40000000 };
use constant { MULTI_REQUEST => 0x301, NLMSG_ERROR => 2, NLMSG_DONE => 3, DUMP_INTERRUPTED => 0x10 };

my ($GETLINK, $GETADDR, $GETROUTE, $GETRULE, $GETQDISC) = (18, 22, 26, 34, 38);
my ($GETTABLE, $GETCHAIN, $GETRULE_NFT, $GETSET, $GETELEM, $GETOBJ, $GETFLOW) = map { 10 << 8 | $_ } 1, 4, 7, 10, 13, 19, 23;
my $SETNS = `uname -m` =~ /aarch64/ ? 268 : 308;

# Attributes that do not count: 0. Below others there are more of them; a sub gives what of one counts.
my $without_trouble = sub { pack('L', unpack('L', $_[0]) & ~0x48) }; # TENTATIVE and DADFAILED
my %INNER_LINK = (10 => {1 => 0, 3 => 0, 5 => 0, 6 => 0}); # IPv6: flags, statistics and times
my %LINK = (
  7 => 0, 16 => 0, 23 => 0, 33 => 0, 35 => 0, 47 => 0, 48 => 0, # statistics, state, carrier and its changes
  18 => {5 => {21 => 0, 22 => 0, 23 => 0}}, # timers of a bridge's port
  26 => \%INNER_LINK,
);
my %BRIDGE = (%LINK, 18 => {2 => {map { $_ => 0 } 16 .. 19}}); # timers
my %RULE = (
  3 => 0, 6 => 0, # its own number and that of the rule before
  4 => {1 => sub { $_[0] =~ /counter\0/ ? 'counter' : $_[0] }},
);
# For each dump: what is asked for, how much stands before the attributes, what of that counts, and what of the attributes.
my @ROUTES = (
  [$GETLINK, 16, sub { my @of = unpack('C x S l L', $_[0]); join ' ', @of[0 .. 2], $of[3] & 1 }, \%LINK],
  [$GETADDR, 8, sub { my @of = unpack('C4 L', $_[0]); join ' ', @of[0, 1, 3, 4] }, {6 => 0, 8 => $without_trouble}],
  # LINKDOWN and DEAD follow from the link.
  (map { [$GETROUTE, 12, sub { substr($_[0], 0, 8) . (unpack('L', substr $_[0], 8) & ~0x11) }, {12 => 0}, $_] } 2, 10),
  (map { [$GETRULE, 12, sub { $_[0] }, {}, $_] } 2, 10),
  [$GETQDISC, 20, sub { $_[0] }, {3 => 0, 4 => 0, 7 => 0}],
);
# All but the number of the change that was the last.
my $family = sub { substr($_[0], 0, 2) };
my @TABLES = (
  [$GETTABLE, 4, $family, {3 => 0, 4 => 0}], [$GETCHAIN, 4, $family, {2 => 0, 6 => 0, 8 => 0}],
  [$GETRULE_NFT, 4, $family, \%RULE], [$GETSET, 4, $family, {16 => 0}], [$GETOBJ, 4, $family, {5 => 0, 6 => 0}],
  [$GETFLOW, 4, $family, {}],
);
my %sockets;

sub digest_of {
  my @paths = @_;
  my $own = join ' ', map { sha1_hex($_) } map { state_of($_) } '', @paths;
  return "$own " . sha1_hex(join "\n", lasting_processes_in(@paths));
}

sub state_of {
  my ($path) = @_;
  my ($route, $netfilter, $names) = @{$sockets{$path} //= open_in($path)};
  my @lines = map { dump_of($route, @$_) } @ROUTES;
  for my $table (@TABLES) {
    my @found = dump_of($netfilter, @$table);
    push @lines, @found;
    push @lines, map { elements_of($netfilter, $_) } @found if $table->[0] == $GETSET;
  }
  # Tables of the old programs are not in it: then nothing is ever as it was, and it has to be looked closer.
  my $legacy = join '', map { sysseek($_, 0, 0); sysread($_, my $text, 4096); $text // '' } @$names;
  push @lines, "legacy $legacy " . time if $legacy ne '';
  return join "\n", @lines;
}

sub open_in {
  my ($path) = @_;
  open(my $own, '<', '/proc/self/ns/net') or die "$!\n";
  enter($path) if $path ne '';
  my @sockets = map { socket(my $socket, AF_NETLINK, SOCK_RAW, $_) or die "socket: $!\n"; $socket } ROUTE, NETFILTER;
  my @names;
  for my $family (qw(ip ip6)) {
    open(my $file, '<', "/proc/thread-self/net/${family}_tables_names") or next;
    push @names, $file;
  }
  if ($path ne '') { syscall($SETNS, fileno $own, CLONE_NEWNET) == 0 or die "setns: $!\n" }
  return [@sockets, \@names];
}

sub enter {
  open(my $file, '<', $_[0]) or die "$_[0]: $!\n";
  syscall($SETNS, fileno $file, CLONE_NEWNET) == 0 or die "$_[0]: $!\n";
}

# One line for each thing; nothing where the kernel does not know such things.
sub dump_of {
  my ($socket, $type, $header_bytes, $header, $spec, $family) = @_;
  my $body = pack('C', $family // 0) . "\0" x ($header_bytes - 1);
  return map { line_of($_, $header_bytes, $header, $spec) } ask($socket, $type, $body);
}

sub line_of {
  my ($body, $header_bytes, $header, $spec) = @_;
  my $is_bridge = $spec == \%LINK && index($body, "\x0b\0\1\0bridge\0") >= 0;
  return $header->(substr $body, 0, $header_bytes) . ' ' . walk(substr($body, $header_bytes), $is_bridge ? \%BRIDGE : $spec);
}

sub walk {
  my ($rest, $spec) = @_;
  my $text = '';
  while (length $rest >= 4) {
    my ($length, $type) = unpack('S S', $rest);
    last if $length < 4;
    my $value = substr $rest, 4, $length - 4;
    $rest = substr $rest, ($length + 3 & ~3) < length $rest ? $length + 3 & ~3 : length $rest;
    $type &= 0x3fff;
    my $how = $spec->{$type};
    next if defined $how && !ref $how;
    $value = ref $how eq 'HASH' ? walk($value, $how) : $how->($value) if defined $how;
    $text .= "$type=" . length($value) . ":$value;";
  }
  return $text;
}

sub elements_of {
  my ($socket, $set) = @_;
  my ($family) = unpack 'C', $set;
  my ($table, $name) = $set =~ /^.. 1=\d+:([^\0]*)\0;2=\d+:([^\0]*)\0;/s or die "a set without a name\n";
  my $attributes = join '', map { my ($type, $text) = @$_; pack('S S', 5 + length $text, $type) . $text . "\0" x (4 - length($text) % 4) } [1, $table], [2, $name];
  return map { substr $_, 4 } ask($socket, $GETELEM, pack('C x3', $family) . $attributes);
}

# Asks for a dump until no change came between; the bodies of the answers.
sub ask {
  my ($socket, $type, $body) = @_;
  for (;;) {
    send($socket, pack('L S S L L', 16 + length $body, $type, MULTI_REQUEST, 1, 0) . $body, 0) // die "send: $!\n";
    my ($is_over, $is_interrupted, @bodies) = (0, 0);
    until ($is_over) {
      defined recv($socket, my $rest, 65536, 0) or die "recv: $!\n";
      while (length $rest >= 16) {
        my ($length, $kind, $flags) = unpack('L S S', $rest);
        $is_interrupted ||= $flags & DUMP_INTERRUPTED;
        if ($kind == NLMSG_DONE || $kind == NLMSG_ERROR) { $is_over = 1 }
        else { push @bodies, substr $rest, 16, $length - 16 }
        $rest = substr $rest, ($length + 3 & ~3) < length $rest ? $length + 3 & ~3 : length $rest;
      }
    }
    return @bodies unless $is_interrupted;
  }
}

# A plugin that has ended may have a child that waits for the kernel a moment longer; a plugin is called without arguments.
sub lasting_processes_in {
  for my $turn (1 .. 200) {
    my @pids = processes_in(@_);
    return @pids if $turn == 200 || !grep { is_plugin($_) } @pids;
    select undef, undef, undef, 0.005;
  }
}

sub is_plugin {
  my ($pid) = @_;
  open(my $file, '<', "/proc/$pid/cmdline") or return 0;
  my ($program, @arguments) = split /\0/, <$file> // '';
  return !@arguments && defined $program && $program =~ m{/};
}

# What runs in one of these namespaces besides this process.
sub processes_in {
  my $mounts = readlink '/proc/self/ns/mnt';
  my %networks = map { $_ => 1 } readlink('/proc/self/ns/net'), map { my @status = stat; @status ? "net:[$status[1]]" : () } @_;
  opendir(my $all, '/proc') or die "$!\n";
  return grep { ends_not($_) && (($networks{readlink("/proc/$_/ns/net") // ''}) || (readlink("/proc/$_/ns/mnt") // '') eq $mounts) }
    grep { /^\d+$/ && $_ != $$ } readdir $all;
}

# What has ended and waits to be asked for is nobody's any more.
sub ends_not {
  my ($pid) = @_;
  return defined readlink "/proc/$pid/exe";
}

1;
