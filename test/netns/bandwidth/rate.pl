# A flow of TCP for measuring how fast it is.
#   rate.pl receive PORT SKIP-MS MEASURE-MS   takes one flow and prints its bits a second, not counting its beginning
#   rate.pl send ADDRESS PORT                 sends as fast as it can until nobody wants it any more
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(time);

$| = 1;
$SIG{PIPE} = 'IGNORE';
my ($what, @rest) = @ARGV;

if ($what eq 'receive') {
  my ($port, $skip, $measure) = @rest;
  my $server = IO::Socket::INET->new(LocalPort => $port, Listen => 1, ReuseAddr => 1) or die "listen: $!";
  print "ready\n";
  my $flow = $server->accept or die "accept: $!";
  my $from = time + $skip / 1000;
  my $until = $from + $measure / 1000;
  my ($bytes, $first) = (0, undef);
  while ((my $now = time) < $until) {
    my $read = sysread($flow, my $buffer, 65536);
    die "the flow ended early" unless $read;
    next if $now < $from;
    $first //= $now;
    $bytes += $read;
  }
  printf "%d\n", $bytes * 8 / (time - $first);
} else {
  my ($address, $port) = @rest;
  my $flow = IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port) or die "connect: $!";
  my $buffer = 'x' x 65536;
  1 while syswrite($flow, $buffer);
}
