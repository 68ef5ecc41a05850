#!/usr/bin/perl
# Talks over TCP for as long as it lives; see flow.ts.
#   flow.pl serve PORT          echoes on every connection, in both families
#   flow.pl talk ADDRESS PORT   one connection that lasts, and in every round a new one beside it: "." for a round in
#                               which both were answered, else what was wrong
use strict;
use warnings;
use Socket qw(:all);

$| = 1;
use constant { PAUSE => 0.05, PATIENCE => 5 };
$SIG{PIPE} = 'IGNORE';
my ($mode, @rest) = @ARGV;
if ($mode eq 'serve') { serve(@rest) }
else { talk(@rest) }

sub serve {
  my ($port) = @_;
  socket(my $listener, AF_INET6, SOCK_STREAM, 0) or die "socket: $!\n";
  setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!\n";
  setsockopt($listener, IPPROTO_IPV6, IPV6_V6ONLY, 0) or die "setsockopt: $!\n";
  bind($listener, pack_sockaddr_in6($port, inet_pton(AF_INET6, '::'))) or die "bind: $!\n";
  listen($listener, 16) or die "listen: $!\n";
  print "ready\n";
  my %open = (fileno($listener) => $listener);
  while (1) {
    for my $socket (readable(undef, values %open)) {
      if ($socket == $listener) {
        accept(my $connection, $listener) or next;
        $open{ fileno($connection) } = $connection;
        next;
      }
      my $number = fileno($socket);
      if (sysread($socket, my $text, 100)) { syswrite($socket, $text) }
      else { delete $open{$number}; close $socket }
    }
  }
}

sub talk {
  my ($address, $port) = @_;
  my $lasting = connected($address, $port) or die "no connection: $!\n";
  for (my $round = 0; ; $round++) {
    my $said = echoed($lasting, $round) ? '' : "the connection was lost in round $round: $!\n";
    my $new = connected($address, $port);
    $said .= "nobody answers a new connection in round $round: $!\n" unless $new && echoed($new, $round);
    # Ended by a reset: no port has to wait for stragglers.
    if ($new) { setsockopt($new, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)); close $new }
    print $said eq '' ? '.' : $said;
    select(undef, undef, undef, PAUSE);
  }
}

sub connected {
  my ($address, $port) = @_;
  my $isSix = $address =~ /:/;
  socket(my $socket, $isSix ? AF_INET6 : AF_INET, SOCK_STREAM, 0) or return undef;
  setsockopt($socket, SOL_SOCKET, SO_SNDTIMEO, pack('q q', PATIENCE, 0));
  setsockopt($socket, SOL_SOCKET, SO_RCVTIMEO, pack('q q', PATIENCE, 0));
  my $to = $isSix ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)) : pack_sockaddr_in($port, inet_aton($address));
  return connect($socket, $to) ? $socket : undef;
}

sub echoed {
  my ($socket, $round) = @_;
  syswrite($socket, "$round ") or return 0;
  my $text = '';
  while (length $text < length "$round ") {
    sysread($socket, my $part, 100) or return 0;
    $text .= $part;
  }
  return $text eq "$round ";
}

sub readable {
  my ($patience, @sockets) = @_;
  my $bits = '';
  vec($bits, fileno($_), 1) = 1 for @sockets;
  select($bits, undef, undef, $patience);
  return grep { vec($bits, fileno($_), 1) } @sockets;
}
