# perl get.pl ADDRESS PORT PATH: asks over HTTP and prints the body; perl-base has all of it.
use strict;
use warnings;
use Socket qw(inet_pton AF_INET AF_INET6 SOCK_STREAM pack_sockaddr_in pack_sockaddr_in6);

my ($address, $port, $path) = @ARGV;
my $six = $address =~ /:/;
my $family = $six ? AF_INET6 : AF_INET;
my $packed = inet_pton($family, $address) // die "no address: $address\n";
local $SIG{ALRM} = sub { die "connect: no answer in two seconds\n" };
alarm 2;
socket(my $socket, $family, SOCK_STREAM, 0) or die "socket: $!\n";
connect($socket, $six ? pack_sockaddr_in6($port, $packed) : pack_sockaddr_in($port, $packed)) or die "connect: $!\n";
syswrite($socket, "GET $path HTTP/1.0\r\n\r\n") or die "write: $!\n";
my $answer = do { local $/; <$socket> } // '';
my ($head, $body) = split /\r?\n\r?\n/, $answer, 2;
die "answer: $answer\n" unless $head =~ m{^HTTP/1\.\d 200 };
print $body;
