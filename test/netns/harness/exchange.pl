#!/usr/bin/perl
# Sends and answers over TCP, UDP and SCTP; see exchange.ts. SCTP is one INIT and one INIT ACK on raw sockets, because
# that is all that translation needs and few kernels have the protocol itself.
#   serve PROTOCOL PORT NAME                answers everything with "NAME SOURCE" until it is killed
#   ask PROTOCOL ADDRESS PORT FROM SECONDS  asks once and prints the answer; FROM is the source port, 0 for any
#   ask-on PROTOCOL ADDRESS PORT FROM       asks on one socket again and again, and prints every answer
use strict;
use warnings;
use Socket qw(:all);

$| = 1;
use constant { PAUSE => 0.1, SCTP => 132, INIT => 1, INIT_ACK => 2, TEXT => 0x8001 };
my %KIND = (tcp => SOCK_STREAM, udp => SOCK_DGRAM, sctp => SOCK_RAW);

my ($mode, $protocol, @rest) = @ARGV;
if ($mode eq 'serve') { serve(@rest) }
else { ask(@rest) }

sub make {
  my ($family) = @_;
  socket(my $made, $family, $KIND{$protocol}, $protocol eq 'sctp' ? SCTP : 0) or die "socket: $!\n";
  setsockopt($made, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!\n";
  return $made;
}

sub end_of {
  my ($address, $port) = @_;
  return pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)) if $address =~ /:/;
  return pack_sockaddr_in($port, inet_pton(AF_INET, $address));
}

sub name_of {
  my ($end) = @_;
  return inet_ntop(AF_INET, (unpack_sockaddr_in $end)[1]) if sockaddr_family($end) == AF_INET;
  my $name = inet_ntop(AF_INET6, (unpack_sockaddr_in6 $end)[1]);
  $name =~ s/^::ffff://;
  return $name;
}

sub readable {
  my ($patience, @sockets) = @_;
  my $bits = '';
  vec($bits, fileno($_), 1) = 1 for @sockets;
  select($bits, undef, undef, $patience);
  return grep { vec($bits, fileno($_), 1) } @sockets;
}

sub serve {
  my ($port, $name) = @_;
  my @sockets;
  if ($protocol eq 'sctp') {
    @sockets = map { make($_) } AF_INET, AF_INET6;
  } else {
    @sockets = (make(AF_INET6));
    setsockopt($sockets[0], IPPROTO_IPV6, IPV6_V6ONLY, 0) or die "setsockopt: $!\n";
    bind($sockets[0], end_of('::', $port)) or die "bind: $!\n";
    if ($protocol eq 'tcp') { listen($sockets[0], 16) or die "listen: $!\n" }
  }
  print "ready\n";
  while (1) { answer($_, $port, $name) for readable(undef, @sockets) }
}

sub answer {
  my ($socket, $port, $name) = @_;
  if ($protocol eq 'tcp') {
    my $from = accept(my $connection, $socket) or return;
    syswrite($connection, "$name " . name_of($from));
    return;
  }
  my $from = recv($socket, my $received, 65536, 0) or return;
  if ($protocol eq 'udp') {
    send($socket, "$name " . name_of($from), 0, $from);
    return;
  }
  my $packet = read_sctp($socket, $received);
  return unless $packet && $packet->{kind} == INIT && $packet->{to} == $port;
  send($socket, sctp($port, $packet->{from}, $packet->{tag}, INIT_ACK, "$name " . name_of($from)), 0, $from);
}

sub ask {
  my ($address, $port, $from, $patience) = @_;
  my $family = $address =~ /:/ ? AF_INET6 : AF_INET;
  my $socket = make($family);
  my $to = end_of($address, $protocol eq 'sctp' ? 0 : $port);
  if ($protocol ne 'sctp') { bind($socket, end_of($family == AF_INET ? '0.0.0.0' : '::', $from)) or die "bind: $!\n" }
  if ($protocol eq 'tcp') {
    local $SIG{ALRM} = sub { exit 1 };
    alarm $patience;
    connect($socket, $to) or die "connect: $!\n";
    sysread($socket, my $text, 1000);
    print "$text\n";
    return;
  }
  while (1) {
    send($socket, $protocol eq 'sctp' ? sctp($from, $port, 0, INIT, '') : 'question', 0, $to);
    my $text = answer_on($socket, $from, $patience // PAUSE);
    print "$text\n" if defined $text;
    exit(defined $text ? 0 : 1) if $mode eq 'ask';
    select(undef, undef, undef, PAUSE);
  }
}

sub answer_on {
  my ($socket, $own_port, $patience) = @_;
  while (readable($patience, $socket)) {
    # An ICMP error that came back is read as an error.
    defined(recv($socket, my $received, 65536, 0)) or return undef;
    return $received if $protocol eq 'udp';
    my $packet = read_sctp($socket, $received);
    return $packet->{text} if $packet && $packet->{kind} == INIT_ACK && $packet->{to} == $own_port;
  }
  return undef;
}

# A packet with one chunk that has a text behind what belongs there.
sub sctp {
  my ($from, $to, $verification, $kind, $text) = @_;
  my $parameter = $text eq '' ? '' : pack('n n a*', TEXT, 4 + length $text, $text);
  my $body = pack('N N n n N', 0x01020304, 65536, 1, 1, 1) . $parameter;
  my $chunk = pack('C C n a*', $kind, 0, 4 + length $body, $body);
  $chunk .= "\0" x (-length($chunk) % 4);
  my $packet = pack('n n N V a*', $from, $to, $verification, 0, $chunk);
  substr($packet, 8, 4) = pack('V', crc32c($packet));
  return $packet;
}

sub read_sctp {
  my ($socket, $received) = @_;
  # Raw IPv4 sockets get the header of IP as well.
  substr($received, 0, 4 * (ord($received) & 15)) = '' if sockaddr_family(getsockname($socket)) == AF_INET;
  return undef if length $received < 32;
  my ($from, $to, undef, undef, $kind, undef, $length, $tag) = unpack('n n N N C C n N', $received);
  my $text = $length > 24 ? substr($received, 12 + 24, $length - 24) : '';
  return { from => $from, to => $to, kind => $kind, tag => $tag, text => $text };
}

sub crc32c {
  my $crc = 0xffffffff;
  for my $byte (unpack 'C*', $_[0]) {
    $crc ^= $byte;
    $crc = $crc & 1 ? ($crc >> 1) ^ 0x82f63b78 : $crc >> 1 for 1 .. 8;
  }
  return $crc ^ 0xffffffff;
}
