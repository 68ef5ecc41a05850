#!/usr/bin/perl
# Traffic that goes on while plugins are exchanged; see upgrade-traffic.ts.
#   answer PORT NAME  answers every line of every connection with "NAME LINE", until it is killed
#   watch TARGET …    asks all targets again and again, and prints a line for each round, each failure and each answer that was slow.
#                     A target is KIND,ADDRESS,PORT,NAME: `held` is one connection for good, `fresh` a new one each time,
#                     `ping` an echo request that is sent once, so that a single lost packet is a failure.
use strict;
use warnings;
use IO::Select;
use Socket qw(:all);
use Time::HiRes qw(sleep time);

$| = 1;
$SIG{PIPE} = 'IGNORE';
use constant { PAUSE => 0.25, PATIENCE => 3, SLOW => 500, ECHO => 8, ECHO_REPLY => 0 };

my ($mode, @rest) = @ARGV;
if ($mode eq 'answer') { answer(@rest) }
else { watch(map { [split /,/] } @rest) }

sub answer {
  my ($port, $name) = @_;
  socket(my $door, AF_INET6, SOCK_STREAM, 0) or die "socket: $!\n";
  setsockopt($door, SOL_SOCKET, SO_REUSEADDR, 1) or die "setsockopt: $!\n";
  setsockopt($door, IPPROTO_IPV6, IPV6_V6ONLY, 0) or die "setsockopt: $!\n";
  bind($door, pack_sockaddr_in6($port, inet_pton(AF_INET6, '::'))) or die "bind: $!\n";
  listen($door, 64) or die "listen: $!\n";
  print "ready\n";
  my $all = IO::Select->new($door);
  while (1) {
    for my $ready ($all->can_read) {
      if ($ready == $door) {
        my $connection;
        $all->add($connection) if accept($connection, $door);
      } elsif (sysread($ready, my $line, 1000)) {
        syswrite($ready, "$name $line");
      } else {
        $all->remove($ready);
        close $ready;
      }
    }
  }
}

sub watch {
  my @targets = @_;
  my %held;
  for (my $round = 1; ; $round++) {
    my $worst = 0;
    for my $target (@targets) {
      my ($kind, $address, $port, $name) = @$target;
      my $started = time;
      my $why = eval {
        if ($kind eq 'ping') { ping($address, $round) }
        elsif ($kind eq 'fresh') { talk(reach($address, $port), $name, $round) }
        else { talk($held{"@$target"} //= reach($address, $port), $name, $round) }
        '';
      } // $@;
      my $took = int(1000 * (time - $started));
      $worst = $took if $took > $worst;
      print "slow in round $round: $kind $address $port $name: $took ms\n" if $took > SLOW;
      if ($why ne '') {
        chomp $why;
        print "failed in round $round: $kind $address $port $name: $why\n";
      }
    }
    print "round $round $worst\n";
    sleep PAUSE;
  }
}

sub reach {
  my ($address, $port) = @_;
  my ($family, $end) = $address =~ /:/
    ? (AF_INET6, pack_sockaddr_in6($port, inet_pton(AF_INET6, $address)))
    : (AF_INET, pack_sockaddr_in($port, inet_pton(AF_INET, $address)));
  socket(my $socket, $family, SOCK_STREAM, 0) or die "socket: $!\n";
  # Connecting keeps to it as well.
  setsockopt($socket, SOL_SOCKET, SO_SNDTIMEO, pack('q q', PATIENCE, 0)) or die "setsockopt: $!\n";
  connect($socket, $end) or die "connect: $!\n";
  return $socket;
}

sub talk {
  my ($socket, $name, $round) = @_;
  defined(syswrite($socket, "$round\n")) or die "send: $!\n";
  IO::Select->new($socket)->can_read(PATIENCE) or die "no answer\n";
  sysread($socket, my $text, 1000) or die "the connection was closed\n";
  $text eq "$name $round\n" or die "somebody else answered: $text";
}

sub ping {
  my ($address, $round) = @_;
  socket(my $socket, AF_INET, SOCK_RAW, getprotobyname('icmp')) or die "socket: $!\n";
  my ($id, $sequence) = ($$ & 0xffff, $round & 0xffff);
  my $body = 'C C n n n a*';
  my $packet = pack($body, ECHO, 0, 0, $id, $sequence, 'upgrade');
  $packet = pack($body, ECHO, 0, checksum($packet), $id, $sequence, 'upgrade');
  send($socket, $packet, 0, pack_sockaddr_in(0, inet_aton($address))) or die "send: $!\n";
  my $deadline = time + PATIENCE;
  while ((my $left = $deadline - time) > 0) {
    IO::Select->new($socket)->can_read($left) or last;
    my $from = recv($socket, my $received, 1500, 0) or next;
    my ($kind, undef, undef, $its_id, $its_sequence) = unpack('x20 C C n n n', $received);
    next unless $kind == ECHO_REPLY && $its_id == $id && $its_sequence == $sequence;
    return if inet_ntoa((unpack_sockaddr_in $from)[1]) eq $address;
  }
  die "no echo\n";
}

sub checksum {
  my ($packet) = @_;
  my $sum = 0;
  $sum += $_ for unpack('n*', length($packet) % 2 ? "$packet\0" : $packet);
  $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
  return ~$sum & 0xffff;
}
